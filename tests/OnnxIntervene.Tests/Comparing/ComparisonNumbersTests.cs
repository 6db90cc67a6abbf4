using OnnxIntervene.Comparing;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Comparing;

/// <summary>The numbers of a comparison are computed again, by single interventions and in 64 bits.</summary>
public sealed class ComparisonNumbersTests
{
    private const string Component = "mlp_output";
    private const int Layer = 1;

    private TemporaryFolder _folder = null!;
    private LoadedModel _a = null!;
    private LoadedModel _b = null!;
    private ModelInputs[] _prompts = null!;
    private ModelComparisonResult _result = null!;

    [OneTimeSetUp]
    public void CompareAModelWithANoisyCopy()
    {
        _folder = new TemporaryFolder();
        var family = ReferenceFamily.All(RepositoryPaths.OwnReferences).Single(item => item.Name == "gpt2");
        var path = family.Exports.Single(export => export.Name == "optimum").ModelPath;
        var noisy = _folder.File("model.onnx");
        EditedModel.Write(path, noisy, model => EditedModel.Disturb(model, 0.05f, new Random(2)));
        (_a, _b) = (LoadedModel.Load(path), LoadedModel.Load(noisy));
        // Two examples of 7 tokens, and one of 4.
        _prompts = [family.Inputs("b0"), ModelInputs.FromTokens([3, 1, 4, 1])];
        _result = ModelComparison.Run(_a, _b, new ModelComparisonRequest { Prompts = [.. _prompts] });
    }

    [OneTimeTearDown]
    public void Close()
    {
        _a.Dispose();
        _b.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void The_distance_is_the_divergence_of_the_plain_outputs()
    {
        double[] expected =
        [
            .. _prompts.SelectMany(prompt => Divergences(Logits(_a, prompt), Logits(_b, prompt), prompt.BatchSize)),
        ];

        Assert.That(_result.Output!.Measure, Is.EqualTo(OutputMeasure.KullbackLeibler));
        Assert.That(_result.Output.Distances, Has.Length.EqualTo(3));
        for (var index = 0; index < expected.Length; index++)
            Assert.That(_result.Output.Distances[index], Is.EqualTo(expected[index]).Within(0.01).Percent);
        Assert.That(expected, Has.All.GreaterThan(1e-6));
    }

    [Test]
    public void Errors_are_those_of_collected_values()
    {
        double[] a = [.. _prompts.SelectMany(prompt => Collected(_a, prompt).Floats.ToArray()).Select(x => (double)x)];
        double[] b = [.. _prompts.SelectMany(prompt => Collected(_b, prompt).Floats.ToArray()).Select(x => (double)x)];
        var difference = a.Zip(b, (x, y) => y - x).ToArray();
        var row = Row(Component);

        Assert.That(row.RelativeError, Is.EqualTo(Norm(difference) / Norm(a)).Within(0.01).Percent);
        Assert.That(row.Cosine, Is.EqualTo(a.Zip(b, (x, y) => x * y).Sum() / Norm(a) / Norm(b)).Within(1e-6));
        Assert.That(row.LargestDifference, Is.EqualTo(difference.Max(Math.Abs)).Within(0.01).Percent);
    }

    [Test]
    public void What_is_restored_is_what_a_swap_between_the_models_restores()
    {
        var before = _prompts.SelectMany(prompt =>
            Divergences(Logits(_a, prompt), Logits(_b, prompt), prompt.BatchSize)
        );
        var after = _prompts.SelectMany(prompt =>
            Divergences(Logits(_a, prompt), Swapped(prompt, Collected(_a, prompt)), prompt.BatchSize)
        );

        Assert.That(Row(Component).Restored, Is.EqualTo(1 - (after.Sum() / before.Sum())).Within(1e-3));
    }

    [Test]
    public void What_is_repaired_is_what_the_local_difference_alone_causes()
    {
        // What B computes from what A's feed-forward reads.
        double[] after =
        [
            .. _prompts.SelectMany(prompt =>
            {
                var (a, b) = (Collected(_a, prompt), Collected(_b, prompt));
                var local = FromInputs(prompt);
                var repaired = new float[b.Length];
                for (var index = 0; index < repaired.Length; index++)
                    repaired[index] = b.Floats[index] + a.Floats[index] - local.Floats[index];
                return Divergences(
                    Logits(_a, prompt),
                    Swapped(prompt, NumericArray.Of(repaired, b.Shape.AsSpan())),
                    prompt.BatchSize
                );
            }),
        ];
        var before = _prompts.SelectMany(prompt =>
            Divergences(Logits(_a, prompt), Logits(_b, prompt), prompt.BatchSize)
        );

        Assert.That(Row(Component).Repaired, Is.EqualTo(1 - (after.Sum() / before.Sum())).Within(1e-3));
    }

    [Test]
    public void Only_what_is_asked_for_is_compared()
    {
        var result = ModelComparison.Run(
            _a,
            _b,
            new ModelComparisonRequest
            {
                Prompts = [_prompts[1]],
                Components = ["block_output", "head_query_output"],
                Layers = [1, 3],
            }
        );

        Assert.That(
            result.Components.Select(component => component.Address.ToString()),
            Is.EqualTo(
                new[]
                {
                    "query_output of layer 1",
                    "block_output of layer 1",
                    "query_output of layer 3",
                    "block_output of layer 3",
                }
            )
        );
    }

    private ComparedComponent Row(string name) =>
        _result.Components.Single(component => component.Address == new ComponentAddress(Layer, name));

    private static NumericArray Logits(LoadedModel model, ModelInputs prompt)
    {
        using var result = model.With(new IntervenableConfig { Representations = [] }).Run(prompt);
        return result.Intervened.Logits;
    }

    private static NumericArray Collected(LoadedModel model, ModelInputs prompt, string name = Component)
    {
        using var result = model.With(Config(InterventionType.Collect, name)).Run(prompt);
        return result.Collected[0];
    }

    private NumericArray Swapped(ModelInputs prompt, NumericArray values)
    {
        using var result = _b.With(Config(InterventionType.Vanilla, Component))
            .Run(prompt, settings: new RunSettings { SourceRepresentations = [values] });
        return result.Intervened.Logits;
    }

    // In GPT-2, the feed-forward's last product reads its activation alone.
    private NumericArray FromInputs(ModelInputs prompt)
    {
        var config = new IntervenableConfig
        {
            Representations =
            [
                Config(InterventionType.Vanilla, "mlp_activation").Representations[0],
                Config(InterventionType.Collect, Component).Representations[0],
            ],
        };
        using var result = _b.With(config)
            .Run(
                prompt,
                [null, null],
                settings: new RunSettings { SourceRepresentations = [Collected(_a, prompt, "mlp_activation"), null] }
            );
        return result.Collected[0];
    }

    private static IntervenableConfig Config(InterventionType type, string name) =>
        new()
        {
            Representations =
            [
                new()
                {
                    Layer = Layer,
                    Component = name,
                    InterventionType = type,
                },
            ],
        };

    private static double Norm(double[] numbers) => Math.Sqrt(numbers.Sum(number => number * number));

    // Of each example: the mean over positions of Σ p (log p − log q), from the definition.
    private static IEnumerable<double> Divergences(NumericArray first, NumericArray second, int examples)
    {
        var (length, width) = (first.Shape[1], first.Shape[2]);
        for (var example = 0; example < examples; example++)
        {
            var sum = 0.0;
            for (var position = 0; position < length; position++)
            {
                var start = ((example * length) + position) * width;
                var p = LogProbabilities(first.Floats.Slice(start, width));
                var q = LogProbabilities(second.Floats.Slice(start, width));
                sum += p.Zip(q, (x, y) => Math.Exp(x) * (x - y)).Sum();
            }

            yield return sum / length;
        }
    }

    private static double[] LogProbabilities(ReadOnlySpan<float> logits)
    {
        var numbers = Array.ConvertAll(logits.ToArray(), logit => (double)logit);
        var normalizer = Math.Log(numbers.Sum(Math.Exp));
        return Array.ConvertAll(numbers, number => number - normalizer);
    }
}
