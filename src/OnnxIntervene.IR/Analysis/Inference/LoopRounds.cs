namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>
/// How often the bodies of loops are gone through to settle their states. A loop inside others is met again in each of
/// their rounds, so that the rounds are counted for each loop over all of them.
/// </summary>
internal sealed class LoopRounds
{
    private const int Most = 32;
    private readonly Dictionary<Node, int> _taken = [];

    /// <summary>Takes a round of a loop; false when there have been enough.</summary>
    public bool Take(Node loop)
    {
        var taken = _taken.GetValueOrDefault(loop);
        _taken[loop] = taken + 1;
        return taken < Most;
    }
}
