using OnnxIntervene.Gradients;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Gradients;

/// <summary>
/// Padding on the left, whose attention has nothing to read, changes no gradient of the text. Exports whose attention
/// puts zeros there are found by the operator that looks for it.
/// </summary>
public sealed class PaddedGradientTests
{
    private const int Padding = 2;
    private const double Tolerance = 1e-4;

    private static readonly int[] s_text = [5, 6, 7, 8, 9];
    private static readonly CrossEntropyLoss s_loss = new(NumericArray.Of(new long[] { 3 }, 1));

    public static IEnumerable<string> Exports() => ReferenceExports.LanguageModels().Where(Guards);

    [TestCaseSource(nameof(Exports))]
    public void Padding_on_the_left_changes_no_gradient(string export)
    {
        using var model = ReferenceExports.Load(export);
        var targets = GradientTargets.Of("block_input", 0, 1);
        using var session = GradientSession.Open(model, s_loss, targets);

        var plain = session.Run(ModelInputs.FromTokens(s_text), s_loss);
        var padded = session.Run(Padded(), s_loss);

        Assert.That(padded.Loss, Is.EqualTo(plain.Loss).Within(Tolerance));
        foreach (var address in targets.Components)
        {
            var expected = plain.Components[address].Floats;
            var actual = padded.Components[address].Floats;
            Assert.That(Difference.Largest(expected, new float[expected.Length]), Is.GreaterThan(1e-3));
            Assert.That(
                Difference.Largest(actual[^expected.Length..], expected),
                Is.LessThan(Tolerance),
                $"{address}: the text"
            );
            Assert.That(
                actual[..^expected.Length].ToArray(),
                Is.All.EqualTo(0).Within(Tolerance),
                $"{address}: the padding"
            );
        }
    }

    private static bool Guards(string export)
    {
        using var model = ReferenceExports.Load(export);
        return model.Model.Graph.AllNodes().Any(node => node.Operator.Name == "IsNaN")
            && model.Model.Graph.Inputs.Any(input => input.Name == "position_ids");
    }

    private static ModelInputs Padded() =>
        new(
            ModelInputs
                .FromTokens([.. new int[Padding], .. s_text])
                .Arrays.SetItem(
                    "attention_mask",
                    NumericArray.Of(
                        Enumerable
                            .Range(0, Padding + s_text.Length)
                            .Select(index => index < Padding ? 0L : 1L)
                            .ToArray(),
                        1,
                        Padding + s_text.Length
                    )
                )
        );
}
