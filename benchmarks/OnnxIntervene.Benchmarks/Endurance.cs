using System.Diagnostics;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Benchmarks;

/// <summary>Runs interventions very often, and prints how much memory the process holds meanwhile.</summary>
internal static class Endurance
{
    private const int Reports = 10;

    /// <summary>Swaps, additions and zeros at changing layers and positions, from a changing source.</summary>
    public static void Measure(string path, int runs)
    {
        using var model = LoadedModel.Load(path, new ExecutionOptions { Threads = 1 });
        InterventionType[] kinds = [InterventionType.Vanilla, InterventionType.Addition, InterventionType.Zero];
        var intervened = kinds
            .SelectMany(kind =>
                Enumerable.Range(0, Math.Min(2, model.Components.LayerCount)).Select(layer => (kind, layer))
            )
            .Select(site => model.With(At(site.layer, site.kind)))
            .ToArray();
        for (var run = 0; run <= runs; run++)
        {
            if (run % Math.Max(1, runs / Reports) == 0)
                Console.WriteLine($"{run, 9} runs: {ResidentBytes() / 1e6:F1} MB");
            Run(intervened[run % intervened.Length], run);
        }
    }

    private static void Run(IntervenableModel model, int run)
    {
        var length = 4 + (run % 5);
        using var result = model.Run(
            Tokens(length, run),
            [Tokens(length, run + 1)],
            UnitLocations.SourcesToBase(UnitLocation.At(run % length))
        );
        if (!float.IsFinite(result.Intervened.LogitsAt(0, -1).Span[0]))
            throw new InvalidOperationException($"Run {run} is not finite.");
    }

    private static ModelInputs Tokens(int length, int seed) =>
        ModelInputs.FromTokens(Enumerable.Range(0, length).Select(index => 1 + ((seed + (7 * index)) % 90)).ToArray());

    private static IntervenableConfig At(int layer, InterventionType kind) =>
        new()
        {
            Representations =
            [
                new()
                {
                    Layer = layer,
                    Component = ComponentNames.BlockOutput,
                    InterventionType = kind,
                },
            ],
        };

    /// <summary>The process's resident set, after what is no longer used has gone.</summary>
    public static long ResidentBytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
