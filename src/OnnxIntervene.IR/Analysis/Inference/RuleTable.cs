namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>The rules of operators, by their names; one entry for each operator.</summary>
internal sealed class RuleTable
{
    private static readonly RuleTable s_all = Build();
    private readonly Dictionary<OperatorKey, OperatorRule> _rules = [];

    /// <summary>The rule of an operator; null where none is known.</summary>
    public static OperatorRule? Find(OperatorKey key) => s_all._rules.GetValueOrDefault(key);

    /// <summary>Adds one rule for operators of the standard.</summary>
    public void Add(TypeRule type, FactsRule facts, params ReadOnlySpan<string> operators)
    {
        foreach (var name in operators)
            _rules.Add(new OperatorKey("", name), new OperatorRule(type, facts));
    }

    /// <summary>Adds one rule for operators of ONNX Runtime's own.</summary>
    public void AddMicrosoft(TypeRule type, FactsRule facts, params ReadOnlySpan<string> operators)
    {
        foreach (var name in operators)
            _rules.Add(new OperatorKey(OperatorKey.Microsoft, name), new OperatorRule(type, facts));
    }

    /// <summary>Adds one rule for operators of another set.</summary>
    public void AddOther(string domain, TypeRule type, FactsRule facts, params ReadOnlySpan<string> operators)
    {
        foreach (var name in operators)
            _rules.Add(new OperatorKey(domain, name), new OperatorRule(type, facts));
    }

    /// <summary>The type of one of these inputs, which all have the same: of one whose type is known, if any.</summary>
    public static TypeRule Like(params int[] inputs) =>
        (node, _) =>
        {
            Value? first = null;
            foreach (var input in inputs)
            {
                if (node.InputOrNull(input) is not { } value)
                    continue;
                if (value.Type is not null || value.IsConstant)
                    return TypeOrigin.Of(value);
                first ??= value;
            }

            return TypeOrigin.Of(first);
        };

    /// <summary>This type, whatever the inputs.</summary>
    public static TypeRule Always(ElementType type) => (_, _) => type;

    /// <summary>The first output's type by one rule, that of the others by another.</summary>
    public static TypeRule First(TypeRule first, TypeRule others) =>
        (node, output) => output == 0 ? first(node, output) : others(node, output);

    /// <summary>The type that an attribute names, or by a rule where there is none.</summary>
    public static TypeRule Named(string attribute, TypeRule otherwise) =>
        (node, output) =>
            node.FindAttribute(attribute) is { Kind: AttributeKind.Integer, Integer: > 0 and var type }
                ? (ElementType)type
                : otherwise(node, output);

    private static RuleTable Build()
    {
        var table = new RuleTable();
        ElementwiseRules.AddTo(table);
        ArithmeticRules.AddTo(table);
        ConstantRules.AddTo(table);
        ReshapingRules.AddTo(table);
        JoiningRules.AddTo(table);
        SelectionRules.AddTo(table);
        ReductionRules.AddTo(table);
        NormalizationRules.AddTo(table);
        ProductRules.AddTo(table);
        ConvolutionRules.AddTo(table);
        AttentionRules.AddTo(table);
        QuantizationRules.AddTo(table);
        RecurrentRules.AddTo(table);
        ControlFlowRules.AddTo(table);
        SamplingRules.AddTo(table);
        ClassicalRules.AddTo(table);
        return table;
    }
}
