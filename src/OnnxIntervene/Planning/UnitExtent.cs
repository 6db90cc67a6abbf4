namespace OnnxIntervene.Planning;

/// <summary>How many units a component has for some inputs.</summary>
/// <param name="Examples">Entries of the first axis of its tensor: examples, where nothing contradicts it.</param>
/// <param name="First">
/// Entries of the second axis of its tensor: positions, steps, or heads where these come first.
/// </param>
/// <param name="Second">Entries of the third axis, where units count two axes.</param>
internal readonly record struct UnitExtent(int Examples, int First, int Second = 0)
{
    /// <summary>
    /// Why entries of the first axis cannot be taken for the examples of the inputs; null where they can. Everything
    /// can be changed or read all the same, but no positions chosen.
    /// </summary>
    public string? Contradiction { get; init; }

    /// <summary>The name of the axis of positions in the file; null where it has none.</summary>
    public string? PositionName { get; init; }
}
