using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Runtime;
using OnnxIntervene.Training;

namespace OnnxIntervene.Tests.Training;

/// <summary>A small model and examples that its interventions can learn.</summary>
internal static class TrainingSamples
{
    public const string Export = "gpt2/optimum/model.onnx";
    private const int Vocabulary = 101;
    private const int Length = 7;

    /// <summary>A rotation at one position of a layer's output.</summary>
    public static IntervenableConfig Config(InterventionType type, int? rank = null, int layer = 1) =>
        new()
        {
            Representations =
            [
                new()
                {
                    Layer = layer,
                    Component = "block_output",
                    InterventionType = type,
                    LowRankDimension = rank,
                },
            ],
        };

    /// <summary>Random texts; the right answer is one of four tokens, by the source's token at the position.</summary>
    public static TrainingSet Set(int count, int seed = 1, int position = 3)
    {
        var random = new Random(seed);
        return new TrainingSet(
            Enumerable
                .Range(0, count)
                .Select(_ =>
                {
                    var (text, source) = (Text(random), Text(random));
                    return new TrainingExample(
                        ModelInputs.FromTokens(text),
                        [ModelInputs.FromTokens(source)],
                        source[position] % 4
                    )
                    {
                        UnitLocations = UnitLocations.SourcesToBase(position),
                    };
                })
                .ToList()
        );
    }

    /// <summary>Requires of three epochs in batches of 4 that Fit has the losses of a loop of steps.</summary>
    public static FitResult FitsAsALoop(Trainer looped, Trainer fitted, TrainingSet set)
    {
        var batches = Enumerable.Range(0, set.Count).Chunk(4).ToList();
        var losses = Enumerable
            .Range(0, 3)
            .SelectMany(_ => batches)
            .Select(numbers => looped.Step(set.Batch(numbers)).Loss)
            .ToList();
        var result = fitted.Fit(
            set,
            new FitOptions
            {
                Epochs = 3,
                BatchSize = 4,
                Shuffles = false,
            }
        );
        Assert.That(result.Losses, Is.EqualTo(losses).Within(2e-4));
        return result;
    }

    public static LoadedModel Load() => ReferenceExports.Load(Export);

    private static int[] Text(Random random) => [.. Enumerable.Range(0, Length).Select(_ => random.Next(Vocabulary))];
}
