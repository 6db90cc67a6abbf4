using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>A tensor that stands out because of what computes or reads it.</summary>
/// <param name="Value">The tensor.</param>
/// <param name="Order">The place in the graph of the node that makes it stand out.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Why">What it is, as text.</param>
internal sealed record Landmark(Value Value, int Order, LandmarkKind Kind, string Why)
{
    private static readonly HashSet<string> s_activations =
    [
        "Relu",
        "LeakyRelu",
        "Elu",
        "Selu",
        "Gelu",
        "FastGelu",
        "BiasGelu",
        "QuickGelu",
        "HardSwish",
        "Mish",
        "Swish",
        "Silu",
        "Softplus",
        "PRelu",
        "Clip",
    ];

    /// <summary>Every landmark of a graph, in its order.</summary>
    public static IEnumerable<Landmark> All(Graph graph)
    {
        var layers = new LinearLayers(graph, new TypeInference());
        foreach (
            var (node, order) in graph
                .Nodes.Select((node, order) => (node, order))
                .Where(item => item.node.OutputOrNull(0) is not null)
        )
        {
            if (layers.TryGet(node, out var layer))
            {
                yield return new Landmark(
                    layer.Input,
                    order,
                    LandmarkKind.LinearInput,
                    $"read by a linear layer {layer.InputWidth} → {layer.OutputWidth}"
                );
                yield return new Landmark(
                    layer.Output,
                    order,
                    LandmarkKind.Linear,
                    $"output of a linear layer {layer.InputWidth} → {layer.OutputWidth}"
                );
            }
            else if (OfOperator(node, order) is { } landmark)
            {
                yield return landmark;
            }
            else if (IsEndOfNorm(node))
            {
                yield return new Landmark(node.Output, order, LandmarkKind.Norm, "output of a norm");
            }

            foreach (var part in PartsOf(node, layers))
                yield return part with
                {
                    Order = order,
                };
            if (FusedOperators.IsSkipNormalization(node) && node.OutputOrNull(FusedOperators.SumOutput) is { } sum)
                yield return new Landmark(
                    sum,
                    order,
                    LandmarkKind.Addition,
                    "addition in the stream, fused with a norm"
                );
        }
    }

    private static Landmark? OfOperator(Node node, int order) =>
        node.Operator.OperatorType switch
        {
            "Add"
                when node.Inputs.OfType<Value>().All(input => !GraphConstants.IsConstant(input))
                    && Norms.InputOf(node.Output) is null => new Landmark(
                node.Output,
                order,
                LandmarkKind.Addition,
                "addition of two computed tensors"
            ),
            "Softmax" or "BiasSoftmax" => new Landmark(
                AttentionFinder.Probabilities(node.Output)?.Value ?? node.Output,
                order,
                LandmarkKind.Softmax,
                "output of a softmax"
            ),
            "Conv" => new Landmark(node.Output, order, LandmarkKind.Convolution, "output of a convolution"),
            "GRU" or "LSTM" or "RNN" => new Landmark(
                node.Output,
                order,
                LandmarkKind.Recurrence,
                $"states of the {node.Operator.OperatorType} '{node.Name}'"
            ),
            var name when s_activations.Contains(name) => new Landmark(
                node.Output,
                order,
                LandmarkKind.Activation,
                $"output of {name}"
            ),
            _ when FusedOperators.IsAttention(node) => new Landmark(
                node.Output,
                order,
                LandmarkKind.Attention,
                $"mixed values of {node.Operator.OperatorType}"
            ),
            _ => null,
        };

    // Queries, keys and values often come out of one linear layer.
    private static IEnumerable<Landmark> PartsOf(Node node, LinearLayers layers)
    {
        if (
            node.Operator.OperatorType != "Split"
            || node.InputOrNull(0) is not { } whole
            || layers.NearestBefore(whole) is not { } layer
        )
            return [];
        return node
            .Outputs.Select((part, index) => (part, index))
            .Where(item => item.part is not null)
            .Select(item => new Landmark(
                item.part!,
                0,
                LandmarkKind.Part,
                $"part {item.index} of {node.Outputs.Count} of '{whole.Name}', after a linear layer "
                    + $"{layer.InputWidth} → {layer.OutputWidth}"
            ));
    }

    // The scale and the shift that exporters write after a norm belong to it.
    private static bool IsEndOfNorm(Node node)
    {
        if (Norms.InputOf(node.Output) is not { } input && !FusedOperators.IsSkipNormalization(node))
            return false;
        return node.Output.Uses is not [var only]
            || only.Node.OutputOrNull(0) is not { } next
            || Norms.InputOf(next) is null
            || next.Producer!.Operator.OperatorType == "MatMul";
    }
}
