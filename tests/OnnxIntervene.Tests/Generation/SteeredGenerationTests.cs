using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Generation;

/// <summary>Steered generations of the language models are torch's, token for token.</summary>
public sealed class SteeredGenerationTests
{
    private const string Kind = "steered_generation";

    [Test]
    [Category("Oracle")]
    public void SteersAsTorchDoes([Values("facts-gpt2", GoldenModel.LargeName)] string name)
    {
        var golden = GoldenModel.All().FirstOrDefault(model => model.Name == name);
        if (golden is null)
            Assert.Ignore($"The model {name} is not beside the repository.");
        var cases = golden!.Goldens.Cases.Where(item => item.Kind == Kind).ToList();
        using var loaded = LoadedModel.Load(golden.Folder, new ExecutionOptions { Threads = 2 });
        Assert.Multiple(() =>
        {
            foreach (var item in cases)
                Compare(golden, loaded, item);
        });
        Assert.That(cases, name == GoldenModel.LargeName ? Is.Not.Empty : Is.Not.Null);
    }

    private static void Compare(GoldenModel golden, LoadedModel loaded, GoldenCase item)
    {
        var representation = item.Pyvene.GetProperty("representations")[0];
        var expected = golden.Goldens.Tensor(item.Expected("generated_ids"));
        var maxima = golden.Goldens.Tensor(item.Expected("step_max_logit"));
        using var model = loaded.With(
            new IntervenableConfig
            {
                Representations =
                [
                    new()
                    {
                        Layer = representation.GetProperty("layer").GetInt32(),
                        Component = item.Component(0),
                        InterventionType = InterventionType.Addition,
                        SourceRepresentation = golden.Goldens.Tensor(item.Input("vector")),
                    },
                ],
            }
        );
        var text = model.Generate(
            new ModelInputs(
                ImmutableDictionary<string, NumericArray>.Empty.Add(
                    ModelInputs.TokenInput,
                    golden.Goldens.Tensor(item.Input("input_ids"))
                )
            ),
            new GenerationOptions
            {
                MaximumNewTokens = expected.Length,
                IgnoresEndOfText = true,
                OutputScores = true,
            },
            settings: new RunSettings
            {
                Coefficients = [Coefficient.Of(item.Json.GetProperty("coefficient").GetSingle())],
            }
        )[0];
        var atol = item.Json.GetProperty("tolerance").GetProperty("step_max_logit").GetProperty("atol").GetDouble();
        Assert.That(text.Tokens.Select(token => (long)token), Is.EqualTo(expected.Integers.ToArray()), item.Name);
        Assert.That(
            text.Scores.Zip(maxima.Floats.ToArray(), (scores, most) => Math.Abs(scores.Max() - most)).Max(),
            Is.LessThanOrEqualTo(atol),
            item.Name
        );
        Assert.That(text.Text, Is.EqualTo(item.Json.GetProperty("text").GetString()), item.Name);
    }
}
