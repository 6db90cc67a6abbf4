using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Addressing;

/// <summary>The tensors and operators of a graph that a component's source refers to.</summary>
internal static class SourcePlaces
{
    /// <summary>The tensors; none where the numbers are inside a fused operator.</summary>
    public static IEnumerable<Value> Values(ComponentSource source) =>
        source switch
        {
            TensorSource tensor => [tensor.Value],
            SliceSource slice => [slice.Value],
            SplitHeadsSource split => [split.Value],
            InterleavedSource packed => [packed.Value],
            FlatSource flat => [flat.Value],
            BodySource body => [body.Value],
            InputSource input => [input.Value],
            StepsSource steps => steps.States,
            RecurrentSource recurrent => recurrent.Node.Outputs.OfType<Value>(),
            BranchSource branches => branches.Sources.SelectMany(Values),
            OneBranchSource one => Values(one.Source),
            ResidualSumSource { Node: var node } => node.OutputOrNull(FusedOperators.SumOutput) is { } sum
                ? [sum, node.Output]
                : [node.Output],
            _ => [],
        };

    /// <summary>
    /// The tensors that hold a stream, before reshapes too, or a norm of it from the same operator.
    /// </summary>
    public static HashSet<Value> OfStream(Component stream) =>
        [
            .. Values(stream.Source).SelectMany(value => new[] { value, Dataflow.FlatRoot(value) }),
            .. OpenedNode(stream.Source)?.Outputs.OfType<Value>() ?? [],
        ];

    /// <summary>The fused operator that is opened to reach the component; null where none is.</summary>
    public static Node? OpenedNode(ComponentSource source) =>
        source switch
        {
            ResidualSumSource sum => sum.Node,
            ResidualPartSource part => part.Node,
            AttentionProbabilitySource probabilities => probabilities.Node,
            PackedAttentionSource packed => packed.Node,
            RecurrentSource recurrent => recurrent.Node,
            BranchSource branches => branches.Sources.Select(OpenedNode).FirstOrDefault(node => node is not null),
            _ => null,
        };
}
