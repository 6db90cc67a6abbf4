using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Planning;

/// <summary>The sizes of components' tensors in one run, from the shapes of the graph's values.</summary>
internal sealed class ComponentExtents(TypeInference types)
{
    /// <summary>
    /// The entries of the axes that units are counted on; null when the shapes do not determine them.
    /// </summary>
    public UnitExtent? Of(Component component, bool countsTwoAxes)
    {
        var (first, second) = Axes(component.Source);
        if (first is null || (countsTwoAxes && second is null))
            return null;
        return new UnitExtent(checked((int)first), countsTwoAxes ? checked((int)second!) : 0);
    }

    private (long? First, long? Second) Axes(ComponentSource source) =>
        source switch
        {
            TensorSource tensor => AxesOf(tensor.Value),
            InputSource input => AxesOf(input.Value),
            SliceSource slice => AxesOf(slice.Value),
            SplitHeadsSource split => AxesOf(split.Value),
            InterleavedSource packed => AxesOf(packed.Value),
            FlatSource flat => (Positions(flat), null),
            ResidualSumSource sum => AxesOf(sum.Node.Output),
            ResidualPartSource part => AxesOf(part.Node.Output),
            PackedAttentionSource packed => (Size(packed.Node.Output, 1), null),
            AttentionProbabilitySource inside => Probabilities(inside.Node),
            // Steps come first in what recurrent operators read.
            RecurrentSource recurrent => (Size(recurrent.Node.Inputs[0]!, 0), null),
            StepsSource steps => (steps.States.Length, null),
            BodySource body => (types.StepsOf(body.Owner), null),
            BranchSource branches => Common(branches),
            _ => throw new System.Diagnostics.UnreachableException(source.ToString()),
        };

    // A tensor of one axis has one unit for each example.
    private (long? First, long? Second) AxesOf(Value value) =>
        types.RankOf(value) is < 2 ? (1, null) : (Size(value, 1), Size(value, 2));

    private long? Size(Value value, int axis) =>
        types.ShapeOf(value) is { } shape && axis < shape.Rank ? shape[axis].Size : null;

    // [batch × position, width].
    private long? Positions(FlatSource flat) =>
        Size(flat.Value, 0) is { } all && Size(flat.Batch, 0) is > 0 and var batch ? all / batch : null;

    // [batch, head, query, key], one query for each position that the operator outputs.
    private (long? First, long? Second) Probabilities(Node node)
    {
        if (types.ShapeOf(node.Output) is not { } shape)
            return (null, null);
        if (shape.Rank == 4)
            return (shape[1].Size, shape[2].Size);
        var heads = FusedOperators.Heads(node, 0);
        return (heads > 0 ? heads : null, shape.Rank == 3 ? shape[1].Size : null);
    }

    // One of the branches runs, and which one need not be known.
    private (long? First, long? Second) Common(BranchSource branches)
    {
        var taken = types.BranchOf(branches.Owner);
        if (taken >= 0 && taken < branches.Sources.Length)
            return Axes(branches.Sources[taken]);
        var all = branches.Sources.Select(Axes).Distinct().ToList();
        return all.Count == 1 ? all[0] : (null, null);
    }
}
