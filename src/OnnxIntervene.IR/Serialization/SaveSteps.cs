using System.Collections.Immutable;

namespace OnnxIntervene.IR.Serialization;

/// <summary>What a save does besides writing the model.</summary>
internal sealed record SaveSteps
{
    /// <summary>Whether weights are copied; else the original's files are hard-linked beside the new one.</summary>
    public bool CopiesWeights { get; init; }

    /// <summary>Files of the same folder, by name, with what writes them.</summary>
    public ImmutableSortedDictionary<string, Action<Stream>> Beside { get; init; } =
        ImmutableSortedDictionary<string, Action<Stream>>.Empty;

    /// <summary>
    /// Looks at the whole file before it gets its name, at a temporary path with its weights beside it; what it throws
    /// ends the save, and nothing is left. What it found goes into the file's metadata.
    /// </summary>
    public Func<string, ImmutableArray<KeyValuePair<string, string>>>? Check { get; init; }
}
