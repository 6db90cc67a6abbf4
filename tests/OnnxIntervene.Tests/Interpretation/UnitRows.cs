namespace OnnxIntervene.Tests.Interpretation;

/// <summary>
/// The units of one example: some heads at some positions. A component without heads has the one head 0, which is its
/// whole width.
/// </summary>
/// <param name="Heads">Which heads.</param>
/// <param name="Positions">At which positions.</param>
internal sealed record UnitRows(int[] Heads, int[] Positions)
{
    public int Count => Heads.Length * Positions.Length;

    /// <summary>Heads first: the order in which units are counted.</summary>
    public IEnumerable<(int Head, int Position)> All() =>
        Heads.SelectMany(head => Positions.Select(position => (head, position)));

    /// <summary>
    /// Which units a kind takes together: all positions of a whole component; of a head component the heads of one
    /// position.
    /// </summary>
    public IEnumerable<int[]> Together(bool hasHeads) =>
        hasHeads
            ? Enumerable
                .Range(0, Positions.Length)
                .Select(position =>
                    Enumerable.Range(0, Heads.Length).Select(head => (head * Positions.Length) + position).ToArray()
                )
            : [Enumerable.Range(0, Count).ToArray()];
}
