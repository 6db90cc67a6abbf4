namespace OnnxIntervene.Gradients.Losses;

/// <summary>What is taken of a token.</summary>
public enum TokenScale
{
    /// <summary>Its logit.</summary>
    Logit,

    /// <summary>Its probability, from 0 to 1.</summary>
    Probability,

    /// <summary>The natural logarithm of its probability.</summary>
    LogProbability,
}
