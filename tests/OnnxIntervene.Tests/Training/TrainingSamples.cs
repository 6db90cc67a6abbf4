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

    public static LoadedModel Load() => ReferenceExports.Load(Export);

    private static int[] Text(Random random) => [.. Enumerable.Range(0, Length).Select(_ => random.Next(Vocabulary))];
}
