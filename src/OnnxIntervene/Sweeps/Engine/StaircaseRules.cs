using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>Whether a model can be cut at its layers, and its rows run apart.</summary>
internal static class StaircaseRules
{
    /// <summary>Why the model cannot be cut; null where it can.</summary>
    public static string? Obstacle(SweepSetting setting)
    {
        var components = setting.Model.Components;
        if (RowMixing.FindNode(components.Model) is { } mixing)
            return $"{mixing} computes with all rows of a batch together";
        if (setting.Bases[0].Inputs.Arrays.Keys.FirstOrDefault(name => name != ModelInputs.TokenInput) is { } other)
            return $"the input '{other}' is given besides the tokens";
        if (components.LayerCount == 0)
            return "no layers were found";
        if (setting.Sites.FirstOrDefault(site => site.Stack is not null) is { Name: { } } beside)
            return $"{beside} is in a stack beside the model's own";
        foreach (var point in Enumerable.Range(0, components.LayerCount + 1))
        {
            if (Find(components, point) is not { Axes: 3 } stream || !IsOneTensor(stream.Source))
                return $"{StreamPoints.AddressOf(point)} is not one tensor of the main graph";
        }

        if (
            setting.Grids.FirstOrDefault(grid =>
                SourcePlaces.OpenedNode(grid.Component.Source) is null && !IsIn(components.Model, grid.Component)
            ) is
            { } inside
        )
            return $"{inside.Component} is not in the main graph";
        return Skipped(components);
    }

    private static Component? Find(ComponentMap components, int point) =>
        components.Components.FirstOrDefault(component => component.Address == StreamPoints.AddressOf(point));

    private static bool IsOneTensor(ComponentSource source) =>
        source is TensorSource { Value.Producer: not null } or ResidualSumSource;

    private static bool IsIn(Model model, Component component) =>
        component.Source is not (StepsSource or RecurrentSource or BodySource or BranchSource or OneBranchSource)
        && SourcePlaces.Values(component.Source).All(value => value.Producer?.Graph == model.Graph);

    // A layer that reads an earlier layer's stream past the one before it.
    private static string? Skipped(ComponentMap components)
    {
        var earlier = new HashSet<Value>();
        for (var layer = 0; layer < components.LayerCount; layer++)
        {
            var start = SourcePlaces.OfStream(Find(components, layer)!);
            earlier.ExceptWith(start);
            var end = SourcePlaces.OfStream(Find(components, layer + 1)!);
            if (Dataflow.Before(end, start).FirstOrDefault(earlier.Contains) is { } skipped)
                return $"layer {layer} reads '{skipped.Name}', the stream of an earlier layer";
            earlier.UnionWith(start);
        }

        return null;
    }
}
