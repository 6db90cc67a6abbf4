using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Components;

/// <summary>Every component of a model with its numbers on some inputs, and what is missing.</summary>
internal sealed record ComponentReading(
    IReadOnlyDictionary<ComponentAddress, (Component Component, NumericArray Numbers)> Components,
    IReadOnlyList<MissingComponent> Missing
)
{
    public static ComponentReading Of(Model model, ModelInputs inputs)
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("model.onnx");
        GraphOrder.Sort(model.Graph);
        foreach (var graph in model.Graph.AllNodes().SelectMany(node => node.Subgraphs).ToList())
            GraphOrder.Sort(graph);
        OnnxFile.Save(model, path);
        return Of(path, inputs);
    }

    public static ComponentReading Of(string path, ModelInputs inputs)
    {
        using var loaded = LoadedModel.Load(path, new ExecutionOptions { Threads = 1 });
        var map = loaded.Components;
        var config = new IntervenableConfig
        {
            Representations =
            [
                .. map.Components.Select(component => new RepresentationConfig
                {
                    Layer = component.Address.Layer,
                    Component = component.Address.Name,
                    Unit = component.Unit,
                    InterventionType = InterventionType.Collect,
                }),
            ],
        };
        if (config.Representations.Length == 0)
            return new ComponentReading(new Dictionary<ComponentAddress, (Component, NumericArray)>(), map.Missing);
        using var model = loaded.With(config);
        var result = model.Run(inputs);
        var numbers = map.Components.Select((component, index) => (component, result.Collected[index]));
        return new ComponentReading(
            numbers.ToDictionary(item => item.component.Address, item => (item.component, item.Item2)),
            map.Missing
        );
    }
}
