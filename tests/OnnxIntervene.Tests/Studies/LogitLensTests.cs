using System.Collections.Immutable;
using System.Numerics.Tensors;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Lens;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Studies.Reading;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Files;

namespace OnnxIntervene.Tests.Studies;

/// <summary>
/// The lens of the last layer is what the model computes; contributions sum to what they are parts of.
/// </summary>
public sealed class LogitLensTests
{
    private const int Exports = 41;
    private const int Attributed = 37;
    private const int WithHeads = 36;

    [Test]
    public void The_last_layer_of_every_language_model_gives_the_models_own_logits()
    {
        var count = 0;
        foreach (var export in ReferenceExports.LanguageModels())
        {
            using var model = ReferenceExports.Load(export);
            var result = LogitLens.Run(
                model,
                new LogitLensRequest { Prompts = Prompts(model), Positions = PromptPositions.All }
            );

            var (divergence, last) = (result.Grids[0].Mean, result.Rows.Length - 1);
            Assert.That(result.Difference, Is.LessThan(1e-4), export);
            for (var column = 0; column < result.Columns.Length; column++)
                Assert.That(divergence[last, column], Is.LessThan(1e-6), export);
            Assert.That(divergence[0, 0], Is.GreaterThan(1e-6), $"{export}: the first layer's lens is another");
            count++;
        }

        Assert.That(count, Is.GreaterThanOrEqualTo(Exports));
    }

    // One has no attention, and no heads.
    [Test]
    public void What_parts_add_sums_to_the_logit_difference_of_every_model_without_norms_after_additions()
    {
        var (count, withHeads) = (0, 0);
        foreach (var export in ReferenceExports.LanguageModels())
        {
            using var model = ReferenceExports.Load(export);
            try
            {
                var result = LogitAttribution.Run(model, new() { Prompts = Prompts(model) });
                count++;
                withHeads += result.Heads is null ? 0 : 1;
                Assert.That(HeadsLess(result), Is.LessThan(1e-4), export);
                Assert.That(result.Error, Is.LessThan(1e-5), export);
                Assert.That(Sum(result), Is.EqualTo(result.Total.Mean).Within(1e-4), export);
            }
            catch (InterventionException fault)
            {
                Assert.That(fault.Message, Does.Contain("post-norm"), export);
            }
        }

        Assert.That(count, Is.GreaterThanOrEqualTo(Attributed));
        Assert.That(withHeads, Is.GreaterThanOrEqualTo(WithHeads));
    }

    [Test]
    public void A_model_of_16_bits_is_read_within_its_rounding()
    {
        using var folder = new TemporaryFolder();
        using (var full = ReferenceExports.Load("llama/genai-fp32/model.onnx"))
            OnnxFile.Save(HalfPrecision.Of(full.Model), folder.File("model.onnx"));
        using var model = LoadedModel.Load(folder.File("model.onnx"));
        var request = new LogitLensRequest { Prompts = Prompts(model), Positions = PromptPositions.All };

        Assert.That(LogitLens.Run(model, request).Difference, Is.InRange(1e-6, 2e-3));
        Assert.That(LogitAttribution.Run(model, new() { Prompts = request.Prompts }).Error, Is.LessThan(1e-3));
    }

    // As where a head's scale is one for all that is run together.
    [Test]
    public void A_head_run_on_a_whole_example_gives_what_it_gives_place_by_place()
    {
        using var model = LoadedModel.Load(RepositoryPaths.DefaultModel);
        using var head = LensHead.Open(model);
        var stream = NumericArray.Of(
            Enumerable.Range(0, 5 * head.Part.Width).Select(index => MathF.Sin(index)).ToArray(),
            5,
            head.Part.Width
        );
        var whole = head.Part.RunExample(stream, default)[0];
        var places = 0;
        head.Part.RunEach(
            stream,
            whole.Shape[1],
            (place, outputs) =>
            {
                Assert.That(Difference.Largest(outputs[0].Span, whole.Row(place).Floats), Is.LessThan(1e-4));
                places++;
            },
            default
        );

        Assert.That(places, Is.EqualTo(5));
    }

    // W (γ ∘ (v − mean v) / σ), with the weights read from the file.
    [Test]
    public void Contributions_are_those_of_the_formula()
    {
        using var model = LoadedModel.Load(RepositoryPaths.DefaultModel);
        var prompt = StudyPrompt.Of(PromptText.Of("The company Volvo makes", model.Tokenizer)) with { Answer = 70 };
        var result = LogitAttribution.Run(model, new() { Prompts = [prompt] });
        using var reader = new ComponentReader(
            model,
            [new(0, ComponentNames.BlockInput), new(model.Components.LayerCount - 1, ComponentNames.BlockOutput)]
        );
        reader.Read(
            [prompt],
            reading =>
            {
                var (part, whole) = (
                    reading.Values[0].Row(prompt.Length - 1),
                    reading.Values[1].Row(prompt.Length - 1)
                );
                var deviation = Math.Sqrt(Variance(whole.Floats) + 1e-5);
                var mean = TensorPrimitives.Average(part.Floats);
                var (scale, row) = (Weight(model, "ln_f.weight"), EmbeddingOf(model, 70));
                var expected = 0.0;
                for (var index = 0; index < row.Length; index++)
                    expected += row[index] * scale[index] * (part.Floats[index] - mean) / deviation;
                Assert.That(result.Embedding.Mean, Is.EqualTo(expected).Within(1e-4));
                Assert.That(Math.Abs(expected), Is.GreaterThan(1e-2));
            }
        );
    }

    [Test]
    public void Heads_and_the_bias_sum_to_their_attention_over_all_prompts()
    {
        using var model = LoadedModel.Load(RepositoryPaths.DefaultModel);
        var result = LogitAttribution.Run(model, new() { Prompts = Prompts(model) });

        Assert.That(HeadsLess(result), Is.LessThan(1e-5));
        Assert.That(result.Total.Count, Is.EqualTo(2));
        Assert.That(result.Heads!.StandardError[0, 0], Is.GreaterThan(0));
    }

    // The largest difference between an attention and its heads with their bias; 0 where there are no heads.
    private static double HeadsLess(LogitAttributionResult result) =>
        Enumerable
            .Range(0, result.Heads is null ? 0 : result.Heads.Layout.Rows.Length)
            .Select(layer =>
                result.Biases!.Mean[layer, 0]
                + Enumerable
                    .Range(0, result.Heads!.Layout.Columns.Length)
                    .Sum(head => (double)result.Heads.Mean[layer, head])
                - result.Parts.Mean[layer, 0]
            )
            .DefaultIfEmpty(0)
            .Max(Math.Abs);

    private static double Sum(LogitAttributionResult result) =>
        result.Parts.Mean.Values.ToArray().Where(float.IsFinite).Sum(value => (double)value)
        + result.Embedding.Mean
        + result.Constant.Mean;

    private static double Variance(ReadOnlySpan<float> values)
    {
        var mean = TensorPrimitives.Average(values);
        var sum = 0.0;
        foreach (var value in values)
            sum += (value - mean) * (value - mean);
        return sum / values.Length;
    }

    private static float[] Weight(LoadedModel model, string ending) =>
        model
            .Model.Graph.Initializers.First(weight => weight.Name.EndsWith(ending, StringComparison.Ordinal))
            .Initializer!.ReadFloats();

    private static float[] EmbeddingOf(LoadedModel model, int token)
    {
        var table = model.Components.TokenEmbedding!;
        var width = model.Components.Get(0, ComponentNames.BlockInput).Width;
        return table.ReadFloats()[(token * width)..((token + 1) * width)];
    }

    private static ImmutableArray<StudyPrompt> Prompts(LoadedModel model) =>
        [
            .. Enumerable
                .Range(0, 2)
                .Select(seed => new StudyPrompt
                {
                    Inputs = Tokens(model, seed),
                    Answer = 5,
                    Wrong = 9,
                }),
        ];

    private static ModelInputs Tokens(LoadedModel model, int seed)
    {
        var random = new Random(seed);
        var limit = Math.Min(60, (int)(model.Components.Limits.Vocabulary ?? 60));
        return ModelInputs.FromTokens([.. Enumerable.Range(0, 7).Select(_ => random.Next(10, limit))]);
    }
}
