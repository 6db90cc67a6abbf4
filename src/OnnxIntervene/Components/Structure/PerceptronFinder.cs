using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>
/// Finds the layers of a plain perceptron: linear layers one after the other, an activation after each but the last.
/// </summary>
internal static class PerceptronFinder
{
    private const int LongestActivation = 12;

    public static StructureFindings Run(OpenedView view, LinearLayers layers)
    {
        var all = layers.All.ToList();
        if (all.Count == 0 || !all.Skip(1).All(layer => Before(layers, layer) is not null))
            return StructureFindings.None;
        var after = all.Skip(1).ToLookup(layer => Before(layers, layer)!);
        var (types, examples) = (new TypeInference(), ExampleAxis.Of(view.Graph));
        var found = ImmutableArray.CreateBuilder<ImmutableArray<Component>>();
        var heads = new List<LinearLayer>();
        for (var at = all[0]; heads.Count <= 1 && after[at].Any(); at = heads[0])
        {
            heads = [.. after[at]];
            found.Add(Layer(view, types, examples, found.Count, at, heads[0].Input));
        }

        return StructureFindings.OfOne(found.ToImmutable(), []).With(Parted(heads, all.Count - found.Count));
    }

    // The layer whose activation a layer reads.
    private static LinearLayer? Before(LinearLayers layers, LinearLayer layer) =>
        layers.NearestBefore(layer.Input) is { } before && IsActivation(layers, before.Output, layer.Input)
            ? before
            : null;

    // Where several layers read one activation, each may have more after it.
    private static ImmutableArray<string> Parted(List<LinearLayer> heads, int outside) =>
        heads.Count == 0 || outside <= heads.Count
            ? []
            :
            [
                $"{outside} linear layers from where {heads.Count} heads part: "
                    + string.Join(", ", heads.Select(head => $"'{head.Output.Name}'")),
            ];

    private static ImmutableArray<Component> Layer(
        OpenedView view,
        TypeInference types,
        ExampleAxis examples,
        int index,
        LinearLayer layer,
        Value activation
    ) =>
        [
            new(
                new ComponentAddress(index, ComponentNames.BlockInput),
                SourceOf(view, layer.Input, types, examples),
                layer.InputWidth,
                0,
                "pos"
            ),
            new(
                new ComponentAddress(index, ComponentNames.MlpActivation),
                SourceOf(view, activation, types, examples),
                layer.OutputWidth,
                0,
                "pos"
            ),
            new(
                new ComponentAddress(index, ComponentNames.BlockOutput),
                SourceOf(view, activation, types, examples),
                layer.OutputWidth,
                0,
                "pos"
            ),
        ];

    // A row for each example has one position; rows of all positions are shown by example.
    private static ComponentSource SourceOf(OpenedView view, Value value, TypeInference types, ExampleAxis examples)
    {
        if (types.RankOf(value) != 2 || view.Source(value) is not TensorSource { Value: var own })
            return view.Source(value);
        var batch = RawTensors.Flattened(value, types, examples, view.Graph)?.Batch;
        return new FlatSource(own, batch is null ? own : ((TensorSource)view.Source(batch)).Value);
    }

    // There is something between them, computed from the layer's output alone.
    private static bool IsActivation(LinearLayers layers, Value output, Value activation)
    {
        var seen = new HashSet<Value>();
        var open = new Stack<Value>([activation]);
        while (open.TryPop(out var value) && seen.Count <= LongestActivation)
        {
            if (value == output || !seen.Add(value))
                continue;
            if (value.Producer is not { } producer || layers.TryGet(producer, out _))
                return false;
            foreach (var input in Dataflow.DataInputs(producer))
                open.Push(input);
        }

        return activation != output && seen.Count <= LongestActivation;
    }
}
