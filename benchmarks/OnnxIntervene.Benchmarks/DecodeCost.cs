using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Benchmarks;

/// <summary>
/// Times generation: steered beside unsteered, many vectors beside one, and, where the folder is onnxruntime-genai's,
/// its own loop, in turn in one process.
/// </summary>
internal static class DecodeCost
{
    private const int PromptLength = 128;
    private const int NewTokens = 64;
    private const int Batch = 8;

    public static void Measure(string path, int rounds)
    {
        using var model = LoadedModel.Load(path, new ExecutionOptions { Threads = 1 });
        using var plain = model.With(IntervenableConfig.Empty);
        using var steered = model.With(Config(model));
        var width = model.Components.Get(Middle(model), "block_output").Width;
        var one = Prompts(1);
        var many = Prompts(Batch);
        var runs = new List<(string Name, Func<DecodeTime> Run)>
        {
            ("unsteered", () => Generate(plain, one, null)),
            ("steered", () => Generate(steered, one, Vectors(1, 1, width))),
            ($"one vector, batch of {Batch}", () => Generate(steered, many, Vectors(1, Batch, width))),
            ($"{Batch} vectors, batch of {Batch}", () => Generate(steered, many, Vectors(Batch, Batch, width))),
        };
        using var genai = GenAILoop.Open(Path.GetDirectoryName(model.File.Path)!);
        if (genai is not null)
            runs.Add(("onnxruntime-genai, unsteered", () => genai.Generate(one[0], NewTokens)));
        Report(runs, rounds);
    }

    private static void Report(List<(string Name, Func<DecodeTime> Run)> runs, int rounds)
    {
        var times = runs.ConvertAll(_ => new List<DecodeTime>());
        for (var round = -1; round < rounds; round++)
        {
            for (var index = 0; index < runs.Count; index++)
            {
                // Each begins as often as it ends.
                var turn = (index + Math.Max(round, 0)) % runs.Count;
                var time = runs[turn].Run();
                if (round >= 0)
                    times[turn].Add(time);
            }
        }

        for (var index = 0; index < runs.Count; index++)
            Console.WriteLine(
                $"{runs[index].Name}: prompt of {PromptLength} tokens {Show(times[index], time => time.Prompt)}, "
                    + $"a token {Show(times[index], time => time.Token)}; beside {runs[0].Name}: "
                    + $"prompt {Ratio(times[index], times[0], time => time.Prompt):F3}, "
                    + $"token {Ratio(times[index], times[0], time => time.Token):F3}"
            );
    }

    private static string Show(List<DecodeTime> times, Func<DecodeTime, double> part) =>
        $"{ProcessorTime.Median(times.Select(part)):F2} ms (least {times.Min(part):F2})";

    private static double Ratio(List<DecodeTime> times, List<DecodeTime> others, Func<DecodeTime, double> part) =>
        ProcessorTime.Median(times.Zip(others, (one, other) => part(one) / part(other)));

    private static DecodeTime Generate(
        IntervenableModel model,
        ImmutableArray<ImmutableArray<int>> prompts,
        NumericArray? vectors
    )
    {
        var clock = new DecodeClock();
        var generation = model.PlanGeneration(
            prompts,
            new GenerationOptions { MaximumNewTokens = NewTokens, IgnoresEndOfText = true },
            settings: vectors is null ? null : new RunSettings { SourceRepresentations = [vectors] }
        );
        foreach (var token in generation.Tokens(CancellationToken.None))
            clock.Came(token.Index);
        return clock.Time(NewTokens);
    }

    private static IntervenableConfig Config(LoadedModel model) =>
        new()
        {
            Representations =
            [
                new()
                {
                    Layer = Middle(model),
                    Component = "block_output",
                    InterventionType = InterventionType.Addition,
                },
            ],
        };

    private static int Middle(LoadedModel model) => model.Components.LayerCount / 2;

    private static NumericArray Vectors(int distinct, int batch, int width)
    {
        var numbers = Enumerable
            .Range(0, batch * width)
            .Select(index => (float)Math.Sin((index / width % distinct * width) + (index % width)) / 10)
            .ToArray();
        return batch == 1 ? NumericArray.Of(numbers, width) : NumericArray.Of(numbers, batch, 1, width);
    }

    private static ImmutableArray<ImmutableArray<int>> Prompts(int count) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(row =>
                    Enumerable
                        .Range(0, PromptLength)
                        .Select(index => 100 + (37 * (index + row) % 1900))
                        .ToImmutableArray()
                ),
        ];
}
