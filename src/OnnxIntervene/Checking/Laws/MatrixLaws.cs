using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;

namespace OnnxIntervene.Checking.Laws;

/// <summary>
/// Matrices: what a module reads is what its matrices read, and what it outputs is no longer inside a norm. Numbers
/// cannot tell a tensor from its multiple by a weight, since each decides the other; the graph can.
/// </summary>
internal static class MatrixLaws
{
    private const int MostSteps = 32;

    private static readonly HashSet<string> s_transparent =
    [
        "Cast",
        "Reshape",
        "Transpose",
        "Identity",
        "Squeeze",
        "Unsqueeze",
        "Flatten",
        "QuantizeLinear",
        "DequantizeLinear",
        "DynamicQuantizeLinear",
    ];

    private static readonly HashSet<string> s_matrices =
    [
        "MatMul",
        "Gemm",
        "MatMulNBits",
        "MatMulInteger",
        "MatMulIntegerToFloat",
        "DynamicQuantizeMatMul",
        "QLinearMatMul",
        "QGemm",
        "FusedMatMul",
        "Einsum",
        "Conv",
        "Attention",
        "QAttention",
    ];

    private static readonly string[] s_inputs =
    [
        ComponentNames.AttentionInput,
        ComponentNames.CrossPrefix + ComponentNames.AttentionInput,
        ComponentNames.MlpInput,
    ];

    // What every reader of a tensor of the stream would not be.
    private static readonly string[] s_additions =
    [
        "Add",
        "SkipLayerNormalization",
        "SkipSimplifiedLayerNormalization",
    ];

    private static readonly string[] s_outputs = [ComponentNames.AttentionOutput, ComponentNames.MlpOutput];

    /// <summary>The laws of one layer.</summary>
    public static IEnumerable<LawFinding> Of(LawContext context, int layer, bool includesStream)
    {
        var stream = context.Find(layer, ComponentNames.BlockInput);
        foreach (var input in s_inputs.Select(name => context.Find(layer, name)).OfType<Component>())
        {
            // A module that is given the stream norms it inside where its output includes the stream.
            if (includesStream && input.Source == stream?.Source)
                continue;
            yield return Read(input);
            if (stream is not null && !includesStream)
                yield return Apart(context, input, stream);
        }

        if (
            context.Find(layer, ComponentNames.MlpInput) is { } read
            && context.Find(layer, ComponentNames.MlpActivation) is { } activation
            && context.Find(layer, ComponentNames.MlpOutput) is { } output
        )
        {
            if (!includesStream)
                yield return Activation(context, read, activation, output);
            yield return PrecedesActivation(activation) ?? ReadAfter(read, activation);
        }

        foreach (var name in includesStream ? [] : s_outputs)
        {
            if (context.Find(layer, name) is { } computed)
                yield return OutsideNorms(computed);
        }
    }

    private static LawFinding Read(Component input)
    {
        var law = $"{input.Address.Name} is what matrices read";
        if (input.Source is not (TensorSource or InputSource or FlatSource))
            return LawContext.Finding(law, [input], LawOutcome.Untested, "it is a part of a tensor");
        if (Readers(input).Any(node => s_matrices.Contains(node.Operator.OperatorType)))
            return LawContext.Finding(law, [input], LawOutcome.Proved, "");
        return Readers(input).Any(IsClosed)
            ? LawContext.Finding(law, [input], LawOutcome.Untested, "what reads it chooses experts, or is one operator")
            : LawContext.Finding(law, [input], LawOutcome.Contradicted, "no matrix reads it");
    }

    // Only the module's own reads are changed, not the stream.
    private static LawFinding Apart(LawContext context, Component input, Component stream)
    {
        var law = $"{input.Address.Name} leaves the stream as it is";
        if (input.Source is TensorSource { Value: var value } && value.Uses.Any(use => IsAddition(use.Node)))
            return LawContext.Finding(
                law,
                [input, stream],
                LawOutcome.Contradicted,
                "an addition to the stream reads it"
            );
        var moved = LawContext.Largest(
            context.Swapped(input)[stream.Address].Floats,
            context.Base[stream.Address].Floats
        );
        return moved == 0
            ? LawContext.Finding(law, [input, stream], LawOutcome.Proved, "")
            : LawContext.Finding(law, [input, stream], LawOutcome.Contradicted, $"block_input moves by {moved:G3}");
    }

    // With one matrix before it, the activation alone decides what the second computes; with two, it is one of two
    // factors.
    private static LawFinding Activation(LawContext context, Component read, Component activation, Component output)
    {
        var run = context.Swapped(activation)[output.Address].Floats;
        var decides = context.Equal(
            "mlp_activation decides mlp_output",
            [activation, output],
            run,
            context.Source[output.Address].Floats,
            context.Base[output.Address].Floats
        );
        if (!IsGated(read) || decides.Outcome == LawOutcome.Untested)
            return decides;
        return LawContext.Finding(
            "mlp_activation is one of two factors",
            [activation, output],
            decides.Outcome == LawOutcome.Contradicted ? LawOutcome.Proved : LawOutcome.Contradicted,
            decides.Outcome == LawOutcome.Contradicted ? "" : "it decides mlp_output alone"
        );
    }

    // pyvene, modeling_blip_itm: the module that it names holds the first matrix alone.
    private static LawFinding? PrecedesActivation(Component activation) =>
        activation.Meaning == ComponentMeaning.BeforeActivation
            ? LawContext.Finding(
                "mlp_activation is what matrices read",
                [activation],
                LawOutcome.Untested,
                "BLIP's, by pyvene's table, is what the first matrix computes, before the activation"
            )
            : null;

    // By the second matrix; with two matrices before it, by the product with the other's result first.
    private static LawFinding ReadAfter(Component read, Component activation)
    {
        if (!IsGated(read))
            return Read(activation);
        const string Law = "mlp_activation is multiplied, and a matrix reads the product";
        if (activation.Source is not TensorSource)
            return LawContext.Finding(Law, [activation], LawOutcome.Untested, "it is a part of a tensor");
        var products = Readers(activation)
            .Where(node =>
                node.Operator.OperatorType == "Mul" && node.Inputs.All(input => input is { IsConstant: false })
            )
            .ToList();
        var isRead = products
            .SelectMany(node => Readers(new Component(activation.Address, new TensorSource(node.Output), 0, 0, "pos")))
            .Any(node => s_matrices.Contains(node.Operator.OperatorType) || IsClosed(node));
        return isRead
            ? LawContext.Finding(Law, [activation], LawOutcome.Proved, "")
            : LawContext.Finding(Law, [activation], LawOutcome.Contradicted, "no matrix reads such a product");
    }

    private static bool IsGated(Component read) =>
        Readers(read).Count(node => s_matrices.Contains(node.Operator.OperatorType)) > 1;

    private static LawFinding OutsideNorms(Component output)
    {
        var law = $"{output.Address.Name} is not inside a norm";
        if (output.Source is not TensorSource { Value: var value })
            return LawContext.Finding(law, [output], LawOutcome.Untested, "it is a part of a tensor");
        var at = value.Producer;
        while (at is not null && s_transparent.Contains(at.Operator.OperatorType))
            at = at.Inputs[0]?.Producer;
        return at is not null && NormAfter.IsNormalizing(at)
            ? LawContext.Finding(law, [output], LawOutcome.Contradicted, $"{at} normalises it")
            : LawContext.Finding(law, [output], LawOutcome.Proved, "");
    }

    private static bool IsAddition(Node node) =>
        s_additions.Contains(node.Operator.OperatorType)
        && node.Inputs.Take(2).All(input => input is { IsConstant: false });

    // Operators that hold matrices of their own, or whole graphs.
    private static bool IsClosed(Node node) =>
        node.Subgraphs.Any()
        || (node.Operator.Domain.Length > 0 && !node.Operator.OperatorType.Contains("Gelu", StringComparison.Ordinal))
        || node.Operator.OperatorType is "Gather" or "GatherND";

    // What reads it, through operators that leave its numbers as they are.
    private static IEnumerable<Node> Readers(Component component)
    {
        var own = component.Source is InputSource input ? input.Readers.ToHashSet() : null;
        var open = new Queue<Value>(SourcePlaces.Values(component.Source));
        for (var steps = 0; steps < MostSteps && open.TryDequeue(out var value); steps++)
        {
            foreach (var node in value.Uses.Select(use => use.Node).Distinct())
            {
                if (own?.Contains(node) == false && SourcePlaces.Values(component.Source).Contains(value))
                    continue;
                yield return node;
                if (s_transparent.Contains(node.Operator.OperatorType) && node.Outputs.Count > 0)
                    open.Enqueue(node.Output);
            }
        }
    }
}
