using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Benchmarks;

/// <summary>Times a steered run against a plain run of the same file in the same process.</summary>
internal static class SteeringCost
{
    private const int Length = 16;

    public static void Measure(string path, int rounds)
    {
        var options = new ExecutionOptions { Threads = 1 };
        var model = OnnxFile.Load(path);
        var components = ComponentMap.Find(model);
        using var plain = SessionFactory.Open(path, options);
        using var same = InterventionSession.Open(Splicer.Splice(model, components, []), options);
        Report("nothing spliced, batch 1", plain, same, 1, rounds, components);
        using (var one = Open(model, components, [components.LayerCount / 2], options))
        {
            Report("one steered layer, batch 1", plain, one, 1, rounds, components);
            Report("one steered layer, 8 vectors in a batch of 8", plain, one, 8, rounds, components);
        }

        using var all = Open(model, components, Enumerable.Range(0, components.LayerCount), options);
        Report("all layers steered, batch 1", plain, all, 1, rounds, components);
        Report("all layers steered, 8 vectors in a batch of 8", plain, all, 8, rounds, components);
    }

    private static InterventionSession Open(
        Model model,
        ComponentMap components,
        IEnumerable<int> layers,
        ExecutionOptions options
    )
    {
        var sites = layers.Select(layer => new SpliceSite(
            new ComponentAddress(layer, ComponentNames.BlockOutput),
            InterventionType.Addition,
            SiteSelection.Whole
        ));
        return InterventionSession.Open(Splicer.Splice(model, components, [.. sites]), options);
    }

    private static void Report(
        string name,
        InferenceSession plain,
        InterventionSession steered,
        int batch,
        int rounds,
        ComponentMap components
    )
    {
        var inputs = ModelInputs.FromTokens([
            .. Enumerable.Range(0, batch).Select(row => Enumerable.Range(1, Length).Select(id => id + row).ToArray()),
        ]);
        var feeds = steered.Spliced.Sites.Select(site => Feed(site.Component.Width, batch)).ToArray();
        PairedRuns.Report(name, plain, steered, inputs, feeds, rounds, components);
    }

    private static SiteFeed Feed(int width, int batch) =>
        new()
        {
            Source = Enumerable.Range(0, batch * width).Select(index => (float)Math.Sin(index) / 10).ToArray(),
            SourceShape = new long[] { batch, 1, width },
            Coefficients = Enumerable.Repeat(1f, batch).ToArray(),
        };
}
