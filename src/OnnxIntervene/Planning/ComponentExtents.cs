using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Analysis.Inference;

namespace OnnxIntervene.Planning;

/// <summary>The sizes of components' tensors, from the shapes of the graph's values: in one run, or for any.</summary>
internal sealed class ComponentExtents(TypeInference types)
{
    /// <summary>
    /// The first axis, which counts examples, and the axes that units are counted on; unknown where the shapes do not
    /// determine them. A component that has no such axis has one entry there.
    /// </summary>
    public (Quantity Examples, Quantity First, Quantity Second) Of(ComponentSource source) =>
        source switch
        {
            TensorSource tensor => AxesOf(tensor.Value),
            InputSource input => AxesOf(input.Value),
            SliceSource slice => AxesOf(slice.Value),
            SplitHeadsSource split => AxesOf(split.Value),
            InterleavedSource packed => AxesOf(packed.Value),
            FlatSource flat => (
                Size(flat.Batch, 0),
                Size(flat.Value, 0).DividedBy(Size(flat.Batch, 0)),
                Quantity.Unknown
            ),
            ResidualSumSource sum => AxesOf(sum.Node.Output),
            ResidualPartSource part => AxesOf(part.Node.Output),
            PackedAttentionSource packed => AxesOf(packed.Node.Output),
            AttentionProbabilitySource inside => Probabilities(inside.Node),
            // Steps come first in what recurrent operators read.
            RecurrentSource { Node: var node } => (
                Size(node.Inputs[0]!, 1),
                Size(node.Inputs[0]!, 0),
                Quantity.Unknown
            ),
            StepsSource { States: var states } => (Size(states[0], 0), Quantity.Of(states.Length), Quantity.Unknown),
            BodySource body => (
                Size(body.Value, 0),
                types.StepsOf(body.Owner) is { } steps ? Quantity.Of(steps) : Quantity.Unknown,
                Quantity.Unknown
            ),
            BranchSource branches => Common(branches),
            OneBranchSource one => Of(one.Source),
            _ => throw new System.Diagnostics.UnreachableException(source.ToString()),
        };

    /// <summary>
    /// Whether the run computes a component: not where it is in a branch of an If and another one runs. Null where only
    /// the run shows it.
    /// </summary>
    public bool? IsComputed(ComponentSource source)
    {
        if (source is not OneBranchSource { Path: var path })
            return true;
        var taken = path.Select(branch => (Taken: types.BranchOf(branch.Owner), branch.Number)).ToList();
        return taken.Exists(branch => branch.Taken >= 0 && branch.Taken != branch.Number) ? false
            : taken.TrueForAll(branch => branch.Taken >= 0) ? true
            : null;
    }

    // A tensor of one axis has one unit for each example.
    private (Quantity, Quantity, Quantity) AxesOf(Value value) =>
        (Size(value, 0), types.RankOf(value) is < 2 ? Quantity.Of(1) : Size(value, 1), Size(value, 2));

    private Quantity Size(Value value, int axis) =>
        types.FactsOf(value).Axes is { } axes && axis < axes.Length ? axes[axis] : Quantity.Unknown;

    // [batch, head, query, key], one query for each position that the operator outputs.
    private (Quantity, Quantity, Quantity) Probabilities(Node node)
    {
        var (examples, second, third) = AxesOf(node.Output);
        if (types.RankOf(node.Output) == 4)
            return (examples, second, third);
        var heads = FusedOperators.Heads(node, 0);
        return (
            examples,
            heads > 0 ? Quantity.Of(heads) : Quantity.Unknown,
            types.RankOf(node.Output) == 3 ? second : Quantity.Unknown
        );
    }

    // One of the branches runs, and which one need not be known.
    private (Quantity, Quantity, Quantity) Common(BranchSource branches)
    {
        var taken = types.BranchOf(branches.Owner);
        if (taken >= 0 && taken < branches.Sources.Length)
            return Of(branches.Sources[taken]);
        var all = branches.Sources.Select(Of).ToList();
        return (
            Same(all.Select(axes => axes.Examples)),
            Same(all.Select(axes => axes.First)),
            Same(all.Select(axes => axes.Second))
        );
    }

    private static Quantity Same(IEnumerable<Quantity> sizes) =>
        sizes.Aggregate((one, other) => one.IsSame(other) ? one : Quantity.Unknown);
}
