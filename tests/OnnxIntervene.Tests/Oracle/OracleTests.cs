using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Oracle;

/// <summary>
/// Every case of every reference family on every export. The references, not this project's own output, say what is
/// right.
/// </summary>
[Category("Oracle")]
public sealed class OracleTests
{
    private static readonly Lock s_reportLock = new();
    private static readonly List<CaseOutcome> s_all = [];

    public static IEnumerable<TestCaseData> Exports() =>
        ReferenceFamily
            .All(RepositoryPaths.References)
            .SelectMany(family =>
                family.Exports.Select(export =>
                    new TestCaseData(family, export).SetArgDisplayNames(family.Name, export.Name)
                )
            );

    [TestCaseSource(nameof(Exports))]
    public void Every_case_of_an_export_gives_the_reference_numbers(ReferenceFamily family, ReferenceExport export)
    {
        using var runner = new CaseRunner(family, export);
        var outcomes = family.Cases.Select(runner.Run).ToList();
        Report(outcomes);

        var wrong = outcomes
            .Where(outcome => outcome.Outcome == CaseOutcome.Failed || IsWronglyRefused(outcome))
            .ToList();
        Assert.That(wrong, Is.Empty, string.Join(Environment.NewLine, wrong));
        Assert.That(outcomes, Is.Not.Empty);
    }

    // Runners show what tests print only with a detailed log, so the table is a file too; .ci/run shows it.
    [OneTimeTearDown]
    public void Print_the_table()
    {
        var lines = CoverageTable.Lines(s_all);
        File.WriteAllLines(Path.Combine(TestContext.CurrentContext.WorkDirectory, "reference-coverage.txt"), lines);
        foreach (var line in lines)
            TestContext.Progress.WriteLine(line);
    }

    // Only an operator that cannot take left padding may refuse.
    private static bool IsWronglyRefused(CaseOutcome outcome) =>
        outcome.Outcome == CaseOutcome.Refused
        && !(
            outcome.Case.Contains("pad-left", StringComparison.Ordinal)
            && outcome.Message!.Contains("GroupQueryAttention", StringComparison.Ordinal)
        );

    private static void Report(List<CaseOutcome> outcomes)
    {
        lock (s_reportLock)
        {
            s_all.AddRange(outcomes);
            if (Environment.GetEnvironmentVariable("ONNX_INTERVENE_ORACLE_REPORT") is { Length: > 0 } path)
                File.AppendAllLines(path, outcomes.Select(outcome => outcome.ToJson()));
        }
    }
}
