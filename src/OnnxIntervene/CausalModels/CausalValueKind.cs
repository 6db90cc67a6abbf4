namespace OnnxIntervene.CausalModels;

/// <summary>What a causal model's value is.</summary>
public enum CausalValueKind
{
    /// <summary>True or false.</summary>
    Truth,

    /// <summary>A number.</summary>
    Number,

    /// <summary>A text.</summary>
    Text,

    /// <summary>A list of numbers, such as an object's embedding.</summary>
    Vector,
}
