using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Training.Optimizers;

namespace OnnxIntervene.Training.Artifacts;

/// <summary>The model that moves parameters: one operator of ONNX Runtime Training over sequences of tensors.</summary>
internal static class OptimizerModel
{
    private const int IrVersion = 10;
    private const int OperatorSet = 17;

    // TypeProto { sequence_type { elem_type { tensor_type { elem_type: FLOAT } } } } as protobuf writes it.
    private static readonly byte[] s_sequenceOfFloats = [0x22, 0x06, 0x0a, 0x04, 0x0a, 0x02, 0x08, 0x01];

    // ONNX Runtime Training reads them by their order.
    private static readonly ImmutableArray<string> s_sequences =
    [
        "params",
        "gradients",
        "first_order_moments",
        "second_order_moments",
    ];

    /// <summary>Writes the model.</summary>
    public static Model Of(AdamW optimizer)
    {
        var graph = new Graph("graph");
        var inputs = new List<Value>
        {
            graph.AddInput("learning_rate", new TensorType(ElementType.Float32, Shape.Of(1L))),
            graph.AddInput("step", new TensorType(ElementType.Int64, Shape.Of(1L))),
        };
        foreach (var name in s_sequences)
        {
            var input = graph.AddInput(name);
            input.OpaqueType = s_sequenceOfFloats;
            inputs.Add(input);
        }

        var node = graph.AddNode(
            "onnx::AdamWOptimizer::6",
            new OperatorKey(ArtifactNames.Domain, "AdamWOptimizer"),
            inputs,
            [ArtifactNames.UpdatedFlag],
            Attributes(optimizer)
        );
        node.Output.Type = ArtifactModels.Flag;
        graph.AddOutput(node.Output);
        var sets = ImmutableSortedDictionary<string, long>.Empty.Add(ArtifactNames.Domain, 1).Add("", OperatorSet);
        return new Model(graph, IrVersion, sets);
    }

    private static NodeAttribute[] Attributes(AdamW optimizer) =>
        [
            // Epsilon is added before the bias of squares is corrected.
            NodeAttribute.Of("adam_mode", 1L),
            NodeAttribute.Of("alpha", (float)optimizer.Beta1),
            NodeAttribute.Of("beta", (float)optimizer.Beta2),
            NodeAttribute.Of("correct_bias", 1L),
            NodeAttribute.Of("epsilon", (float)optimizer.Epsilon),
            NodeAttribute.Of("weight_decay", (float)optimizer.WeightDecay),
        ];
}
