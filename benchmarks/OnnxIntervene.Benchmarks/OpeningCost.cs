using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Benchmarks;

/// <summary>
/// Times runs in which fused operators are opened and nothing else happens: residual sums inside
/// Skip(Simplified)LayerNormalization, and
/// probabilities inside GroupQueryAttention. A file that has neither is left out.
/// </summary>
internal static class OpeningCost
{
    public static void Measure(string path, int rounds)
    {
        var model = OnnxFile.Load(path);
        if (
            !model.Graph.Nodes.Any(node =>
                FusedOperators.IsSkipNormalization(node) || FusedOperators.IsGroupQueryAttention(node)
            )
        )
            return;
        var options = new ExecutionOptions { Threads = 1 };
        var components = ComponentMap.Find(model);
        using var plain = SessionFactory.Open(path, options);
        foreach (var length in new[] { 16, 128 })
        {
            foreach (var (name, sites) in Openings(components.LayerCount))
                Measure($"{name}, {length} tokens", plain, model, sites, length, rounds, components, options);
        }
    }

    private static (string Name, SpliceSite[] Sites)[] Openings(int layers) =>
        [
            ("nothing opened", []),
            ("one layer's residual sum opened", [Site(layers / 2, ComponentNames.BlockOutput)]),
            (
                "all layers' residual sums opened",
                [.. Enumerable.Range(0, layers).Select(layer => Site(layer, ComponentNames.BlockOutput))]
            ),
            ("one layer's attention opened", [Site(layers / 2, ComponentNames.AttentionWeight)]),
            (
                "all layers' attention opened",
                [.. Enumerable.Range(0, layers).Select(layer => Site(layer, ComponentNames.AttentionWeight))]
            ),
        ];

    private static SpliceSite Site(int layer, string component) =>
        new(new ComponentAddress(layer, component), InterventionType.Vanilla);

    private static void Measure(
        string name,
        InferenceSession plain,
        Model model,
        SpliceSite[] sites,
        int length,
        int rounds,
        ComponentMap components,
        ExecutionOptions options
    )
    {
        using var opened = InterventionSession.Open(Splicer.Splice(model, components, sites), options);
        var inputs = ModelInputs.FromTokens([.. Enumerable.Range(1, length)]);
        PairedRuns.Report(name, plain, opened, inputs, [.. sites.Select(_ => SiteFeed.Neutral)], rounds, components);
    }
}
