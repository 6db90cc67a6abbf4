namespace OnnxIntervene.Baking;

/// <summary>How a baked file compares with the original that is intervened on, on one input.</summary>
/// <param name="Input">The input in words.</param>
/// <param name="Difference">The largest absolute difference of any output.</param>
/// <param name="Scale">The largest number of that output, at least 1.</param>
/// <param name="Effect">
/// The largest absolute difference that the interventions make to an output of the original.
/// </param>
public sealed record BakeEvidence(string Input, double Difference, double Scale, double Effect)
{
    /// <summary>
    /// How far the probabilities of the next token are from the intervened original's: KL(original ‖ file) in nats, the
    /// mean over positions; null where the first output is no logits.
    /// </summary>
    public double? Divergence { get; init; }

    /// <summary>The difference as a part of the output's largest number.</summary>
    public double Relative => Difference / Scale;
}
