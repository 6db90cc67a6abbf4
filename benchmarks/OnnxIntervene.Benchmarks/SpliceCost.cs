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

    public static void Measure(string path)
    {
        var (_, load, _) = Measure(() => OnnxFile.Load(path));
        var model = OnnxFile.Load(path);
        var components = ComponentMap.Find(model);
        var site = new SpliceSite(
            new ComponentAddress(components.LayerCount / 2, ComponentNames.BlockOutput),
            InterventionType.Addition
        );
        var (first, splice, bytes) = Measure(() => OnnxFile.Reference(Splicer.Splice(model, components, [site]).Model));
        Console.WriteLine(
            $"read the graph: {load:F1} ms; splice and write it: {splice:F1} ms ({first:F1} ms the first time), "
                + $"{bytes / MegaByte:F1} MB allocated"
        );
    }

    /// <summary>Splices the middle layer of a model, up to the bytes that ONNX Runtime opens.</summary>
    public static void SpliceOne(Model model, ComponentMap map)
    {
        var address = new ComponentAddress(map.LayerCount / 2, ComponentNames.BlockOutput);
        OnnxFile.Reference(Splicer.Splice(model, map, [new SpliceSite(address, InterventionType.Addition)]).Model);
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
