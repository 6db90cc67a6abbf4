using System.Collections.Immutable;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Tracing;

/// <summary>
/// Causal tracing (Meng et al. 2022, arXiv:2202.05262): the run is corrupted, by noise on the subject's embeddings or
/// by a counterfactual prompt; one component at one layer and position at a time is restored from the clean run.
/// </summary>
public sealed record CausalTraceRequest
{
    /// <summary>The name of the positions whose embeddings get the noise.</summary>
    public const string Subject = StudyPromptFile.Subject;

    /// <summary>The prompts, each with positions named <see cref="Subject"/> or with a corrupt prompt.</summary>
    public required ImmutableArray<StudyPrompt> Prompts { get; init; }

    /// <summary>
    /// What is added to <c>block_input</c> of layer 0 of each prompt, <c>[sample, subject position, width]</c>; empty
    /// where counterfactual prompts corrupt.
    /// </summary>
    public ImmutableArray<NumericArray> Noise { get; init; } = [];

    /// <summary>What is restored.</summary>
    public required ImmutableArray<TraceTarget> Targets { get; init; }

    /// <summary>What the columns of the results are.</summary>
    public TraceColumns Columns { get; init; }

    /// <summary>Named positions, each restored as a whole, where columns are names.</summary>
    public ImmutableArray<string> PositionNames { get; init; } = [];

    /// <summary>What is measured; the first is what pictures show.</summary>
    public ImmutableArray<Metric> Metrics { get; init; } = [Metric.Probability];
}

/// <summary>What the columns of a trace are.</summary>
public enum TraceColumns
{
    /// <summary>Positions, which all prompts must have in common.</summary>
    Positions,

    /// <summary>
    /// What tokens are to the subject, as Meng et al. average over prompts: its first, middle and last tokens, the
    /// first token after it, further ones, and the last token. Each token is restored alone; a token may be several of
    /// these.
    /// </summary>
    Roles,

    /// <summary>Named positions.</summary>
    Names,
}
