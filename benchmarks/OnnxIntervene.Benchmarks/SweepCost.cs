using System.Collections.Immutable;
using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.Execution;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Patching;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Studies.Tracing;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Benchmarks;

/// <summary>Times sweeps against as many plain runs as they have cells, in turn in one process.</summary>
internal static class SweepCost
{
    private const int Length = 16;
    private const int Samples = 10;
    private static readonly ExecutionOptions s_options = new() { Threads = 1 };

    public static void Measure(string path, int rounds)
    {
        using var model = LoadedModel.Load(path, s_options);
        using var plain = SessionFactory.Open(model.File.Path, s_options);
        var layers = model.Components.LayerCount;
        foreach (var differ in new[] { 0, 4, 10 })
        {
            Patch(model, plain, rounds, "block_output", layers * Length, differ);
            Patch(model, plain, rounds, "attention_output", layers * Length, differ);
            var heads = model.Components.Get(0, "head_attention_value_output").Heads;
            Patch(model, plain, rounds, "head_attention_value_output", layers * heads, differ);
        }

        Trace(model, plain, Math.Max(1, rounds / 4), layers);
        Console.WriteLine($"peak of memory: {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MiB");
    }

    /// <summary>A trace alone, as many plain runs in turn with it.</summary>
    public static void MeasureTrace(string path, int rounds)
    {
        using var model = LoadedModel.Load(path, s_options);
        using var plain = SessionFactory.Open(model.File.Path, s_options);
        Trace(model, plain, rounds, model.Components.LayerCount);
    }

    private static void Patch(
        LoadedModel model,
        InferenceSession plain,
        int rounds,
        string component,
        int cells,
        int differ
    )
    {
        var request = new PatchSweepRequest
        {
            Prompts =
            [
                new StudyPrompt
                {
                    Inputs = Tokens(0, differ),
                    Corrupt = Tokens(1, differ),
                    Answer = 5,
                    Wrong = 9,
                },
            ],
            Components = [component],
        };
        Compare(
            $"{component}, prompts that differ from position {differ} on",
            model,
            plain,
            rounds,
            cells,
            () => PatchSweep.Run(model, request).Plan
        );
    }

    private static void Trace(LoadedModel model, InferenceSession plain, int rounds, int layers)
    {
        var width = model.Components.Get(0, "block_input").Width;
        int[] subject = [1, 2, 3];
        var random = new Random(2);
        var noise = Enumerable
            .Range(0, Samples * subject.Length * width)
            .Select(_ => (float)(random.NextDouble() - 0.5))
            .ToArray();
        var request = new CausalTraceRequest
        {
            Prompts =
            [
                new StudyPrompt
                {
                    Inputs = Tokens(0, 0),
                    Answer = 5,
                    Positions = ImmutableSortedDictionary<string, ImmutableArray<int>>.Empty.Add(
                        "subject",
                        [.. subject]
                    ),
                },
            ],
            Noise = [NumericArray.Of(noise, Samples, subject.Length, width)],
            Targets = [new TraceTarget("block_output", 1)],
        };
        Compare(
            $"trace with {Samples} samples",
            model,
            plain,
            rounds,
            layers * Length * Samples,
            () => CausalTrace.Run(model, request).Plan
        );
    }

    private static void Compare(
        string name,
        LoadedModel model,
        InferenceSession plain,
        int rounds,
        int cells,
        Func<SweepPlan> sweep
    )
    {
        var inputs = Tokens(0, 0);
        var first = ProcessorTime.Of(() => sweep());
        var (bare, swept) = (new List<double>(), new List<double>());
        SweepPlan plan = null!;
        for (var round = 0; round < rounds; round++)
        {
            bare.Add(ProcessorTime.Of(() => Plain(plain, inputs, model, cells)));
            swept.Add(ProcessorTime.Of(() => plan = sweep()));
        }

        var (one, other) = (ProcessorTime.Median(bare), ProcessorTime.Median(swept));
        Console.WriteLine(
            $"{name}: {other:F2} s, first time {first:F2} s; {cells} plain runs {one:F2} s, "
                + $"{one / other:F1} × as long; {plan}"
        );
    }

    private static void Plain(InferenceSession session, ModelInputs inputs, LoadedModel model, int count)
    {
        var values = PlainInputs.Of(session, inputs, model.Components);
        using var options = new RunOptions();
        for (var run = 0; run < count; run++)
        {
            using var results = session.Run(options, values, [session.OutputNames[0]]);
        }

        foreach (var value in values.Values)
            value.Dispose();
    }

    private static ModelInputs Tokens(int prompt, int differ) =>
        ModelInputs.FromTokens([
            .. Enumerable.Range(1, Length).Select(token => token + (token > differ ? 50 * prompt : 0)),
        ]);
}
