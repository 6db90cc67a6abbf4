using System.Collections.Immutable;
using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;
using static OnnxIntervene.Benchmarks.ProcessorTime;

namespace OnnxIntervene.Benchmarks;

/// <summary>
/// Times what surrounds a run: planning, binding, sources, parameters; and finding and splicing as graphs grow.
/// </summary>
internal static class RunCost
{
    private const double MegaByte = 1 << 20;
    private static readonly ExecutionOptions s_options = new() { Threads = 1 };

    public static void Measure(string path, int rounds)
    {
        var folder = Directory.CreateTempSubdirectory("onnx-intervene-benchmark-");
        try
        {
            Overhead(path, rounds);
            SourceAtLayerZero(path, rounds);
            FourRawTensors(path);
            WideRotation(Path.Combine(folder.FullName, "wide.onnx"), rounds);
            foreach (var layers in new[] { 32, 80 })
                Growth(Path.Combine(folder.FullName, $"{layers}.onnx"), layers);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // The same session runs by itself, and through Run: the difference is what planning, lending and results cost. The
    // plain file's session stands beside them; sessions that take turns disturb each other's caches by more than that.
    private static void Overhead(string path, int rounds)
    {
        using var model = Load(path, 0, InterventionType.Zero);
        using var plain = SessionFactory.Open(model.File.Path, s_options);
        var inputs = Tokens(8);
        var at = UnitLocations.SourcesToBase(UnitLocation.At(3));
        using var lease = model.Lease([new SpliceSite(new ComponentAddress(0, "block_output"), InterventionType.Zero)]);
        var feed = new SiteFeed { WriteLocations = new long[] { 0, 3 } };
        var (bare, alone, run) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < rounds * 10; round++)
        {
            bare.Add(Time(() => Bare(plain, inputs, model.Components)));
            alone.Add(
                Time(() =>
                {
                    foreach (var value in lease.Session.RunValues(inputs, [feed], lease.Session.Outputs))
                        value.Dispose();
                })
            );
            run.Add(Time(() => model.Run(inputs, unitLocations: at).Dispose()));
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        model.Run(inputs, unitLocations: at).Dispose();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Console.WriteLine(
            $"Run: {1000 * Median([.. run.Zip(alone, (one, other) => one - other)]):F0} µs over its session's own run "
                + $"({Median(alone):F2} ms; the file's own session {Median(bare):F2} ms), {allocated / 1024.0:F1} KB "
                + "allocated"
        );
    }

    private static void Bare(InferenceSession session, ModelInputs inputs, ComponentMap components)
    {
        var values = PlainInputs.Of(session, inputs, components);
        using var options = new RunOptions();
        using var results = session.Run(options, values, [session.OutputNames[0]]);
        foreach (var value in values.Values)
            value.Dispose();
    }

    private static void SourceAtLayerZero(string path, int rounds)
    {
        using var model = Load(path, 0, InterventionType.Vanilla);
        using var plain = SessionFactory.Open(model.File.Path, s_options);
        var (inputs, source) = (Tokens(16), Tokens(16));
        var at = UnitLocations.SourcesToBase(UnitLocation.At(3));
        var (bare, run) = (new List<double>(), new List<double>());
        for (var round = -5; round < rounds; round++)
        {
            var (one, other) = (
                Time(() => Bare(plain, inputs, model.Components)),
                Time(() => model.Run(inputs, [source], at).Dispose())
            );
            if (round < 0)
                continue;
            bare.Add(one);
            run.Add(other);
        }

        Console.WriteLine($"a run with one source at layer 0: {Median(run):F2} ms; plain {Median(bare):F2} ms");
    }

    private static void FourRawTensors(string path)
    {
        using var model = LoadRaw(path);
        var (start, before) = (Stopwatch.GetTimestamp(), GC.GetTotalAllocatedBytes());
        model.Explain(Tokens(8));
        Console.WriteLine(
            $"planning with four raw tensors: {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F0} ms the first "
                + $"time, "
                + $"{(GC.GetTotalAllocatedBytes() - before) / MegaByte:F1} MB allocated"
        );
    }

    private static IntervenableModel LoadRaw(string path)
    {
        using var named = IntervenableModel.Load(path, IntervenableConfig.Empty, s_options);
        var tensors = Enumerable
            .Range(0, 4)
            .Select(layer => named.Components.Get(layer, "block_output").Source.Description);
        return IntervenableModel.Load(
            path,
            new IntervenableConfig
            {
                Representations =
                [
                    .. tensors.Select(tensor => new RepresentationConfig
                    {
                        Component = tensor,
                        InterventionType = InterventionType.Collect,
                    }),
                ],
            },
            s_options
        );
    }

    private static void WideRotation(string path, int rounds)
    {
        const int Width = 4096;
        LayeredModel.WriteWide(path, Width);
        var weight = new float[Width * Width];
        for (var index = 0; index < Width; index++)
            weight[(index * Width) + index] = 1;
        using var model = IntervenableModel.Load(
            path,
            new IntervenableConfig
            {
                Representations =
                [
                    new()
                    {
                        Component = "stream",
                        InterventionType = InterventionType.RotatedSpace,
                        Intervention = new RotatedSpaceIntervention(NumericArray.Of(weight, Width, Width)),
                        SourceRepresentation = NumericArray.Of(new float[Width], Width),
                    },
                ],
            },
            s_options
        );
        var array = NumericArray.Of(new float[4 * Width], 1, 4, Width);
        var inputs = new ModelInputs(ImmutableDictionary<string, NumericArray>.Empty.Add("hidden", array));
        var at = UnitLocations.SourcesToBase(UnitLocation.At(1));
        var times = new List<double>();
        for (var round = -3; round < Math.Min(rounds, 40); round++)
        {
            var time = Time(() => model.Run(inputs, unitLocations: at).Dispose());
            if (round >= 0)
                times.Add(time);
        }

        Console.WriteLine($"a run with a rotation of {Width} × {Width}: {Median(times):F1} ms");
    }

    private static void Growth(string path, int layers)
    {
        LayeredModel.Write(path, layers);
        var model = FunctionInliner.Inline(OnnxFile.Load(path));
        for (var round = 0; round < 2; round++)
        {
            var (start, before) = (Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
            var map = ComponentMap.Find(model);
            var (found, foundBytes) = (
                Stopwatch.GetElapsedTime(start),
                GC.GetAllocatedBytesForCurrentThread() - before
            );
            (start, before) = (Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
            SpliceCost.SpliceOne(model, map);
            var (spliced, splicedBytes) = (
                Stopwatch.GetElapsedTime(start),
                GC.GetAllocatedBytesForCurrentThread() - before
            );
            Console.WriteLine(
                $"{layers} layers, {model.Graph.NodeCount} nodes, {(round == 0 ? "first time" : "again")}: found in "
                    + $"{found.TotalMilliseconds:F0} ms and {foundBytes / MegaByte:F1} MB; one layer spliced in "
                    + $"{spliced.TotalMilliseconds:F0} ms and {splicedBytes / MegaByte:F1} MB"
            );
        }
    }

    private static IntervenableModel Load(string path, int layer, InterventionType type) =>
        IntervenableModel.Load(
            path,
            new IntervenableConfig
            {
                Representations =
                [
                    new()
                    {
                        Layer = layer,
                        Component = "block_output",
                        InterventionType = type,
                    },
                ],
            },
            s_options
        );

    private static ModelInputs Tokens(int count) => ModelInputs.FromTokens([.. Enumerable.Range(1, count)]);

    private static double Time(Action run)
    {
        var start = Stopwatch.GetTimestamp();
        run();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
