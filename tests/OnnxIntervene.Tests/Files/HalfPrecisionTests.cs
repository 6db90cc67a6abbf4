using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Oracle;

namespace OnnxIntervene.Tests.Files;

/// <summary>
/// Every reference case of LLaMA, on exports made 16 bits wide: as far from torch's 32 bits as rounding explains,
/// effects included.
/// </summary>
public sealed class HalfPrecisionTests
{
    private const double Share = 0.01;

    [TestCase("optimum-past")]
    [TestCase("dynamo")]
    [TestCase("genai-fp32")]
    public void Every_case_gives_the_reference_numbers_within_rounding(string exporter)
    {
        var family = ReferenceFamily.All(RepositoryPaths.OwnReferences).First(family => family.Name == "llama");
        var export = family.Exports.First(export => export.Name == exporter);
        using var folder = new TemporaryFolder();
        OnnxFile.Save(HalfPrecision.Of(OnnxFile.Load(export.ModelPath)), folder.File("model.onnx"));
        var largest = family
            .Cases.Where(item => item.ExpectedLogits is not null)
            .Max(item => family.Tensor(item.ExpectedLogits!).Floats.ToArray().Max(Math.Abs));
        using var runner = new CaseRunner(
            family,
            export with
            {
                ModelPath = folder.File("model.onnx"),
                Difference = Share * largest,
            }
        );

        var outcomes = family.Cases.Select(runner.Run).ToList();

        var wrong = outcomes
            .Where(outcome =>
                outcome.Outcome == CaseOutcome.Failed
                || (
                    outcome.Outcome == CaseOutcome.Refused
                    && !outcome.Case.Contains("pad-left", StringComparison.Ordinal)
                )
            )
            .ToList();
        Assert.That(wrong, Is.Empty, string.Join(Environment.NewLine, wrong));
        Assert.That(outcomes.Count(outcome => outcome.Outcome == CaseOutcome.Passed), Is.GreaterThan(20));
    }
}
