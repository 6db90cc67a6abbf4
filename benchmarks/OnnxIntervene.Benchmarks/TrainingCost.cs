using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Runtime;
using OnnxIntervene.Training;
using OnnxIntervene.Training.Optimizers;

namespace OnnxIntervene.Benchmarks;

/// <summary>
/// Times steps of training against plain runs of the same batch, in turn in one process: an intervention at one
/// position of the middle layer.
/// </summary>
internal static class TrainingCost
{
    private const int Batch = 16;
    private const int Length = 16;
    private const int LongLength = 128;
    private const int Position = 8;
    private const int Rank = 16;
    private static readonly ExecutionOptions s_options = new() { Threads = 1 };

    public static void Measure(string path, int rounds)
    {
        using var model = LoadedModel.Load(path, s_options);
        using var plain = SessionFactory.Open(model.File.Path, s_options);
        Compare(model, plain, rounds, InterventionType.LowRankRotatedSpace, Rank);
        Compare(model, plain, rounds, InterventionType.RotatedSpace, null);
        Console.WriteLine($"peak of memory: {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MiB");
    }

    /// <summary>The memory and the time of a step through all layers, at 128 tokens.</summary>
    /// <param name="path">The model's file.</param>
    /// <param name="every">Of how many layers the output of one is kept; 0 for everything.</param>
    public static void MeasureMemory(string path, int every)
    {
        using var model = LoadedModel.Load(path, s_options);
        using var intervenable = model.With(Config(0, InterventionType.LowRankRotatedSpace, Rank));
        using var trainer = new Trainer(intervenable, new TrainingOptions { KeepsEveryLayers = every });
        var batch = Set(LongLength).Batch([.. Enumerable.Range(0, Batch)]);
        trainer.Step(batch);
        var time = ProcessorTime.Of(() => trainer.Step(batch));
        Console.WriteLine(
            $"{Batch} × {LongLength} tokens from layer 0 on, every {every}th layer kept: {time:F1} s a step, "
                + $"peak of memory {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MiB"
        );
    }

    private static void Compare(LoadedModel model, InferenceSession plain, int rounds, InterventionType kind, int? rank)
    {
        using var intervenable = model.With(Config(model.Components.LayerCount / 2, kind, rank));
        using var trainer = new Trainer(intervenable, new TrainingOptions { Optimizer = new Adam(1e-3) });
        var set = Set();
        var turns = new Turns(
            plain,
            PlainInputs.Of(plain, set.Batch([.. Enumerable.Range(0, Batch)]).Bases, model.Components)
        );
        trainer.Fit(
            set,
            new FitOptions
            {
                Epochs = rounds + 1,
                BatchSize = Batch,
                Shuffles = false,
                Progress = turns,
            }
        );
        var whole = Enumerable
            .Range(0, 3)
            .Select(_ => ProcessorTime.Of(() => trainer.Step(set.Batch([.. Enumerable.Range(0, Batch)]))))
            .ToList();
        var (run, step) = (ProcessorTime.Median(turns.Plain), ProcessorTime.Median(turns.Steps[1..]));
        var name = rank is null ? $"{kind}" : $"{kind} of rank {rank}";
        Console.WriteLine(
            $"{name}: a step {step * 1e3:F0} ms, the first {turns.Steps[0] * 1e3:F0} ms; plain {run * 1e3:F0} ms: "
                + $"{step / run:F2} ×; without what is kept {whole.Min() / run:F2} ×; {trainer.Explain(set)}"
        );
    }

    private static IntervenableConfig Config(int layer, InterventionType kind, int? rank) =>
        new()
        {
            Representations =
            [
                new()
                {
                    Layer = layer,
                    Component = "block_output",
                    InterventionType = kind,
                    LowRankDimension = rank,
                },
            ],
        };

    private static TrainingSet Set(int length = Length)
    {
        var random = new Random(3);
        return new TrainingSet(
            Enumerable
                .Range(0, Batch)
                .Select(_ => new TrainingExample(Text(random, length), [Text(random, length)], random.Next(50000))
                {
                    UnitLocations = UnitLocations.SourcesToBase(Position),
                })
                .ToList()
        );
    }

    private static ModelInputs Text(Random random, int length) =>
        ModelInputs.FromTokens([.. Enumerable.Range(0, length).Select(_ => random.Next(50000))]);

    // After each step, a plain run.
    private sealed class Turns(InferenceSession session, IReadOnlyDictionary<string, OrtValue> values)
        : IProgress<FitProgress>
    {
        private double _last = ProcessorTime.Now;

        public List<double> Plain { get; } = [];

        public List<double> Steps { get; } = [];

        public void Report(FitProgress value)
        {
            Steps.Add(ProcessorTime.Now - _last);
            Plain.Add(
                ProcessorTime.Of(() =>
                {
                    using var options = new RunOptions();
                    using var results = session.Run(options, values, [session.OutputNames[0]]);
                })
            );
            _last = ProcessorTime.Now;
        }
    }
}
