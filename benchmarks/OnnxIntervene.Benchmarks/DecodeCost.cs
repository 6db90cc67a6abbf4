using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Benchmarks;

/// <summary>
/// Times generation: steered beside unsteered, folded, many vectors beside one, and, where the folder is
/// onnxruntime-genai's, its own loop, in turn in one process.
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
        using var steered = model.With(MiddleAddition.Config(model));
        var width = MiddleAddition.WidthOf(model);
        var one = Prompts(1);
        var many = Prompts(Batch);
        using var folded = FoldedModel.Of(steered, Vectors(1, 1, width));
        List<DecodeClock> clocks =
        [
            new("unsteered", () => Generate(plain, one, null)),
            new("steered", () => Generate(steered, one, Vectors(1, 1, width))),
            new("folded", () => Generate(folded.Model, one, null)),
            new($"one vector, {Batch} texts", () => Generate(steered, many, Vectors(1, Batch, width))),
            new($"{Batch} vectors, {Batch} texts", () => Generate(steered, many, Vectors(Batch, Batch, width))),
        ];
        using var genai = GenAILoop.Open(Path.GetDirectoryName(model.File.Path)!);
        if (genai is not null)
            clocks.Add(new("onnxruntime-genai, unsteered", () => genai.Generate(one[0], NewTokens)));
        DecodeClock.Run(clocks, rounds, NewTokens);
        foreach (var clock in clocks)
            Console.WriteLine(clock.Beside(clocks[0]));
    }

    // Planning is a part of the prompt's time. The number of each run is given at its first token.
    private static IEnumerable<int> Generate(
        IntervenableModel model,
        ImmutableArray<ImmutableArray<int>> prompts,
        NumericArray? vectors
    )
    {
        var generation = model.PlanGeneration(
            prompts,
            new GenerationOptions { MaximumNewTokens = NewTokens, IgnoresEndOfText = true },
            settings: vectors is null ? null : new RunSettings { SourceRepresentations = [vectors] }
        );
        foreach (var token in generation.Tokens(CancellationToken.None).Where(token => token.Example == 0))
            yield return token.Index;
    }

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
