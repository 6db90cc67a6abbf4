namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>How an operator's outputs follow from its inputs.</summary>
/// <param name="Type">Where an output's element type comes from.</param>
/// <param name="Facts">An output's shape and contents.</param>
internal sealed record OperatorRule(TypeRule Type, FactsRule Facts);

/// <summary>Where the element type of a node's output of this number comes from.</summary>
internal delegate TypeOrigin TypeRule(Node node, int output);

/// <summary>Shape and contents of a node's output of this number.</summary>
internal delegate TensorFacts FactsRule(NodeFacts node, int output);

/// <summary>An element type, or the value whose type it is.</summary>
internal readonly record struct TypeOrigin(ElementType Type, Value? Same)
{
    public static implicit operator TypeOrigin(ElementType type) => new(type, null);

    public static TypeOrigin Of(Value? value) => new(ElementType.Undefined, value);
}
