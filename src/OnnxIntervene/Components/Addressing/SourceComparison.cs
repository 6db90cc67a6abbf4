using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Addressing;

/// <summary>
/// Compares two sources: casts, identities and reshapes between them make no difference.
/// </summary>
internal static class SourceComparison
{
    public static bool AreSame(ComponentSource left, ComponentSource right) =>
        (left, right) switch
        {
            (SliceSource one, SliceSource other) => one == other,
            (SliceSource slice, TensorSource whole) => IsPieceOf(whole.Value, slice.Value),
            (TensorSource whole, SliceSource slice) => IsPieceOf(whole.Value, slice.Value),
            (InterleavedSource one, InterleavedSource other) => one == other,
            _ => ValueOf(left) is { } first && ValueOf(right) is { } second
                ? Dataflow.FlatRoot(first) == Dataflow.FlatRoot(second)
                : NodeOf(left) is { } node && node == NodeOf(right),
        };

    // A part that the graph cuts out itself.
    private static bool IsPieceOf(Value piece, Value packed) =>
        piece.Producer?.InputOrNull(0) is { } from && Dataflow.FlatRoot(from) == Dataflow.FlatRoot(packed);

    private static Value? ValueOf(ComponentSource source) =>
        source switch
        {
            TensorSource tensor => tensor.Value,
            InputSource input => input.Value,
            FlatSource flat => flat.Value,
            SplitHeadsSource split => split.Value,
            ResidualSumSource { Node: var node } => node.OutputOrNull(FusedOperators.SumOutput),
            _ => null,
        };

    private static Node? NodeOf(ComponentSource source) =>
        source switch
        {
            ResidualSumSource sum => sum.Node,
            ResidualPartSource part => part.Node,
            AttentionProbabilitySource probabilities => probabilities.Node,
            PackedAttentionSource packed => packed.Node,
            _ => null,
        };
}
