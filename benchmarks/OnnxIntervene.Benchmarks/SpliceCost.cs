using System.Diagnostics;
using OnnxIntervene.Components;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Benchmarks;

/// <summary>Times reading a graph, and splicing it up to the bytes that ONNX Runtime opens.</summary>
internal static class SpliceCost
{
    private const int Rounds = 20;
    private const double MegaByte = 1 << 20;

    public static void Measure(string path)
    {
        var load = Median(() => OnnxFile.Load(path), out _);
        var model = OnnxFile.Load(path);
        var layers = ComponentMap.Find(model).LayerCount;
        var site = new SpliceSite(new ComponentAddress(layers / 2, ComponentNames.BlockOutput), InterventionType.Addition);
        var splice = Median(() => OnnxFile.Reference(Splicer.Splice(model, [site]).Model), out var allocated);
        Console.WriteLine($"read the graph: {load:F1} ms; splice and write it: {splice:F1} ms, {allocated / MegaByte:F1} MB allocated");
    }

    private static double Median(Func<object> action, out double allocatedBytes)
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

        allocatedBytes = bytes.Order().ElementAt(Rounds / 2);
        return times.Order().ElementAt(Rounds / 2);
    }
}
