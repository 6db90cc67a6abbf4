using System.Collections.Immutable;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies;

/// <summary>
/// Causal tracing (Meng et al. 2022, arXiv:2202.05262): noise on the subject's embeddings corrupts the run; one
/// component at one layer and position at a time is restored from the clean run.
/// </summary>
public sealed record CausalTraceRequest
{
    /// <summary>The prompt, a batch of one.</summary>
    public required ModelInputs Inputs { get; init; }

    /// <summary>The positions of the subject's tokens.</summary>
    public required ImmutableArray<int> SubjectPositions { get; init; }

    /// <summary>The token whose probability is measured at the last position.</summary>
    public required int Answer { get; init; }

    /// <summary>What is added to <c>block_input</c> of layer 0: <c>[sample, subject position, width]</c>.</summary>
    public required NumericArray Noise { get; init; }

    /// <summary>What is restored.</summary>
    public required ImmutableArray<TraceTarget> Targets { get; init; }
}
