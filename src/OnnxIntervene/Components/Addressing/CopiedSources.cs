using OnnxIntervene.IR;

namespace OnnxIntervene.Components.Addressing;

/// <summary>
/// Where a model's components are in a copy of it. A source is copied once, because what is opened or replaced there
/// is remembered by its object.
/// </summary>
/// <param name="copies">The value of the copy for each value of the model.</param>
internal sealed class CopiedSources(IReadOnlyDictionary<Value, Value> copies)
{
    private readonly Dictionary<ComponentSource, ComponentSource> _known = new(ReferenceEqualityComparer.Instance);

    /// <summary>The component in the copy.</summary>
    public Component Of(Component component) => component with { Source = Of(component.Source) };

    private ComponentSource Of(ComponentSource source)
    {
        if (!_known.TryGetValue(source, out var copy))
            _known.Add(source, copy = Copy(source));
        return copy;
    }

    private ComponentSource Copy(ComponentSource source) =>
        source switch
        {
            TensorSource tensor => new TensorSource(Of(tensor.Value)),
            SliceSource slice => slice with { Value = Of(slice.Value) },
            SplitHeadsSource split => split with { Value = Of(split.Value) },
            InterleavedSource packed => packed with { Value = Of(packed.Value) },
            FlatSource flat => new FlatSource(Of(flat.Value), Of(flat.Batch)),
            InputSource input => new InputSource(Of(input.Value), [.. input.Readers.Select(Of)]),
            ResidualSumSource sum => new ResidualSumSource(Of(sum.Node)),
            ResidualPartSource part => new ResidualPartSource(Of(part.Node)),
            AttentionProbabilitySource probabilities => new AttentionProbabilitySource(Of(probabilities.Node)),
            PackedAttentionSource packed => packed with { Node = Of(packed.Node) },
            RecurrentSource recurrent => new RecurrentSource(Of(recurrent.Node)),
            StepsSource steps => new StepsSource([.. steps.States.Select(Of)]),
            BodySource body => new BodySource(Of(body.Owner), Of(body.Value)),
            BranchSource branches => new BranchSource(Of(branches.Owner), [.. branches.Sources.Select(Of)]),
            OneBranchSource one => new OneBranchSource(
                [.. one.Path.Select(branch => branch with { Owner = Of(branch.Owner) })],
                Of(one.Source)
            ),
            _ => throw new System.Diagnostics.UnreachableException(source.ToString()),
        };

    private Value Of(Value value) =>
        copies.TryGetValue(value, out var copy)
            ? copy
            : throw new ArgumentException(
                $"{value} is not in the model, which was changed after its components were found."
            );

    // A node is found by any of its outputs; a node without outputs is not well formed.
    private Node Of(Node node) => Of(node.Outputs.First(output => output is not null)!).Producer!;
}
