namespace OnnxIntervene.Steering;

/// <summary>By what a search judges what steering does.</summary>
public enum SteeringScore
{
    /// <summary>How far the values at the prompts' last tokens move along the vector.</summary>
    Projection,

    /// <summary>
    /// The probability that one of the words follows the prompts: PPLM's attribute model, p(a|x) = Σ p(w).
    /// </summary>
    NextToken,

    /// <summary>The share of the words of generated texts that are in a bag of words.</summary>
    GeneratedText,
}
