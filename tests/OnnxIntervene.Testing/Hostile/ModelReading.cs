using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Components.Configuration;
using OnnxIntervene.Components.Inspection;
using OnnxIntervene.Components.MapFiles;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Testing.Hostile;

/// <summary>The whole way from a model file that may be broken to a run with interventions.</summary>
internal static class ModelReading
{
    private const int MostSplices = 2;

    /// <summary>Loads, inspects and splices.</summary>
    public static void Read(HostileFile file, HostileSteps steps)
    {
        var (model, map) = Inspect(file, steps);
        var choices = file.Choices();
        for (var count = 0; count < MostSplices; count++)
            Splice(file, steps, model, map, choices);
    }

    /// <summary>Loads, splices a component and runs it.</summary>
    public static void ReadAndRun(HostileFile file, HostileSteps steps)
    {
        var choices = file.Choices();
        using var loaded = steps.Take("load", () => LoadedModel.Load(file.Path, new ExecutionOptions { Threads = 1 }));
        var inputs = SampleInputs.Of(loaded.Model);
        using (var plain = loaded.With(IntervenableConfig.Empty))
            Run(plain, inputs, steps);
        if (Config(loaded.Model, loaded.Components, choices) is not { } config)
            return;
        using var model = steps.Take("configure", () => loaded.With(config));
        Run(model, inputs, steps);
    }

    private static void Run(IntervenableModel model, ModelInputs inputs, HostileSteps steps)
    {
        steps.Take("explain", () => model.Explain(inputs, [inputs]));
        using var result = steps.TakeNative("run", () => model.Run(inputs, [inputs]));
        steps.TakeNative("outputs", () => result.Outputs.Sum(output => output.Value.Array.Length));
        steps.TakeNative("collected", () => result.Collected.Length);
    }

    private static (Model Model, ComponentMap Map) Inspect(HostileFile file, HostileSteps steps)
    {
        var model = steps.Take("load", () => FunctionInliner.Inline(OnnxFile.Load(file.Path)));
        var search = steps.Take(
            "configuration",
            () => new ComponentSearchOptions { Configuration = ModelConfiguration.ReadBeside(file.Path) }
        );
        var map = steps.Take("map", () => ComponentMap.Find(model, search));
        steps.Take("describe components", () => map.Components.Sum(item => item.Source.Description.Length));
        steps.Take("structure", () => GraphStructure.Describe(model, map));
        steps.Take("tensors", () => TensorDescription.All(model));
        steps.Take("print", () => GraphPrinter.Print(model).Length);
        steps.Take(
            "write map",
            () =>
            {
                ComponentMapFile.Write(Path.Combine(file.Folder, "written.map.json"), model, map);
                return 0;
            }
        );
        return (model, map);
    }

    // What is refused for one component says nothing of the next.
    private static void Splice(HostileFile file, HostileSteps steps, Model model, ComponentMap map, Random choices)
    {
        if (Config(model, map, choices) is not { } config)
            return;
        try
        {
            var spliced = steps.Take("splice", () => Spliced(model, map, config));
            if (choices.Next(4) > 0)
                return;
            steps.Take(
                "write spliced",
                () =>
                {
                    OnnxFile.SaveReferencing(spliced.Model, Path.Combine(file.Folder, "spliced", "model.onnx"));
                    return 0;
                }
            );
        }
        catch (InterventionException) { }
    }

    private static SplicedModel Spliced(Model model, ComponentMap map, IntervenableConfig config) =>
        Splicer.Splice(
            model,
            map,
            [
                .. config.Representations.Select(item =>
                {
                    var component = map.Get(item.Layer, item.Component);
                    return new SpliceSite(component.Address, item.InterventionType)
                    {
                        ModuleInput = item.InterventionType.ReadsModuleInput ? component.Address : null,
                    };
                }),
            ]
        );

    private static IntervenableConfig? Config(Model model, ComponentMap map, Random choices)
    {
        var components = map.Components;
        var representations = new List<RepresentationConfig>();
        for (var count = choices.Next(1, 3); count > 0; count--)
        {
            if (components.Length > 0 && choices.Next(8) > 0)
                representations.Add(At(components[choices.Next(components.Length)], choices));
            else if (Tensor(model, choices) is { } name)
                representations.Add(new RepresentationConfig { Component = name, InterventionType = Simple(choices) });
        }

        return representations.Count == 0 ? null : new IntervenableConfig { Representations = [.. representations] };
    }

    private static RepresentationConfig At(Component component, Random choices) =>
        new()
        {
            Layer = component.Address.Layer,
            Component = component.Address.Name,
            Unit = component.Unit,
            InterventionType = Simple(choices),
        };

    private static InterventionType Simple(Random choices) =>
        choices.Next(4) switch
        {
            0 => InterventionType.Zero,
            1 => InterventionType.Collect,
            2 => InterventionType.Vanilla,
            _ => InterventionType.Skip,
        };

    private static string? Tensor(Model model, Random choices)
    {
        var values = model.Graph.AllValues().ToList();
        return values.Count == 0 ? null : values[choices.Next(values.Count)].Name;
    }
}
