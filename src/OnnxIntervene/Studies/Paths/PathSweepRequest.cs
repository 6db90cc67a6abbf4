using System.Collections.Immutable;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Patching;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Studies.Paths;

/// <summary>
/// Path patching (Wang et al. 2022, arXiv:2211.00593; Goldowsky-Dill et al. 2023, arXiv:2304.05969): a sender is
/// changed, all else between it and the receivers is frozen, and what the receivers make of it is put into an ordinary
/// run.
/// </summary>
public sealed record PathSweepRequest
{
    /// <summary>The prompts, each with a corrupt one of the same length.</summary>
    public required ImmutableArray<StudyPrompt> Prompts { get; init; }

    /// <summary>
    /// The senders: <c>head_attention_value_output</c>, a head each, or <c>mlp_output</c>, a layer each.
    /// </summary>
    public string Sender { get; init; } = "head_attention_value_output";

    /// <summary>The senders' layers; all below the last receiver when empty.</summary>
    public ImmutableArray<int> Layers { get; init; } = [];

    /// <summary>What receives, all together; the stream before the logits when empty.</summary>
    public ImmutableArray<PathReceiver> Receivers { get; init; } = [];

    /// <summary>
    /// Whether feed-forward layers between sender and receivers are computed anew, as Wang et al. do, in place of
    /// frozen.
    /// </summary>
    public bool RecomputesFeedForward { get; init; }

    /// <summary>The run that is changed: the clean one for noising, the corrupt one for denoising.</summary>
    public PatchDirection Direction { get; init; } = PatchDirection.Noising;

    /// <summary>What is measured; the first is what pictures show.</summary>
    public ImmutableArray<Metric> Metrics { get; init; } = [Metric.LogitDifference];
}
