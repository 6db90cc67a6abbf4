using System.Collections.Immutable;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Studies;

/// <summary>
/// Activation patching: the corrupt run is the base, the clean run the source, and one component at one place at a time
/// is taken from the clean run (Heimersheim and Nanda 2024, arXiv:2404.15255).
/// </summary>
public sealed record PatchSweepRequest
{
    /// <summary>The run that produces the right answer.</summary>
    public required ModelInputs Clean { get; init; }

    /// <summary>The run that is patched; it has as many tokens as the clean one.</summary>
    public required ModelInputs Corrupt { get; init; }

    /// <summary>The answer that the clean run should produce.</summary>
    public required int Answer { get; init; }

    /// <summary>The answer that the corrupt run should produce.</summary>
    public required int Wrong { get; init; }

    /// <summary>The component to patch.</summary>
    public string Component { get; init; } = "block_output";

    /// <summary>The layers; all when empty.</summary>
    public ImmutableArray<int> Layers { get; init; } = [];

    /// <summary>
    /// The positions; all when empty. Columns of the result for a component that is addressed by position; for a head
    /// component the columns are heads, each patched at all of these positions.
    /// </summary>
    public ImmutableArray<int> Positions { get; init; } = [];
}
