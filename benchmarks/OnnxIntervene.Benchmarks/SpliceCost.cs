using System.Diagnostics;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Benchmarks;

/// <summary>Times reading a graph, and splicing it up to the bytes that ONNX Runtime opens.</summary>
internal static class SpliceCost
{
    private const int Rounds = 60;
    private const double MegaByte = 1 << 20;

    // How many layers a graph is made deeper by repeating one of its own, to see how the cost grows.
    private static readonly int[] s_depths = [32, 80];

    public static void Measure(string path)
    {
        var (_, load, _) = Measure(() => OnnxFile.Load(path));
        Console.WriteLine($"read the graph: {load:F1} ms");
        var model = OnnxFile.Load(path);
        Measure(model);
        foreach (var layers in s_depths)
            Measure(DeeperModel.Of(model, layers));
    }

    private static void Measure(Model model)
    {
        var components = ComponentMap.Find(model);
        var site = new SpliceSite(
            new ComponentAddress(components.LayerCount / 2, ComponentNames.BlockOutput),
            InterventionType.Addition
        );
        Console.WriteLine($"{components.LayerCount} layers, {model.Graph.NodeCount} nodes:");
        Report("find components", () => ComponentMap.Find(model));
        Report("splice one layer", () => Splicer.Splice(model, components, [site]));
        Report("splice and write it", () => OnnxFile.Reference(Splicer.Splice(model, components, [site]).Model));
        SpliceSite[] all =
        [
            .. Enumerable
                .Range(0, components.LayerCount)
                .Select(layer => site with { Address = site.Address with { Layer = layer } }),
        ];
        Report("splice all layers", () => Splicer.Splice(model, components, all));
    }

    private static void Report(string what, Func<object> action)
    {
        var (first, median, bytes) = Measure(action);
        Console.WriteLine(
            $"  {what}: {median:F1} ms ({first:F1} ms the first time), {bytes / MegaByte:F1} MB allocated"
        );
    }

    /// <summary>Splices the middle layer of a model, up to the bytes that ONNX Runtime opens.</summary>
    public static void SpliceOne(Model model, ComponentMap map)
    {
        var address = new ComponentAddress(map.LayerCount / 2, ComponentNames.BlockOutput);
        OnnxFile.Reference(Splicer.Splice(model, [new SpliceSite(address, InterventionType.Addition)]).Model);
    }

    // The first time includes just-in-time compilation; the others' median does not.
    private static (double First, double Median, double Bytes) Measure(Func<object> action)
    {
        var times = new List<double>();
        var bytes = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            var (start, before) = (Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
            action();
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            bytes.Add(GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return (times[0], times.Order().ElementAt(Rounds / 2), bytes.Order().ElementAt(Rounds / 2));
    }
}
