namespace OnnxIntervene.Tests.Oracle;

/// <summary>The references' cases by family and export: how many passed, and why the others did not.</summary>
internal static class CoverageTable
{
    public static IReadOnlyList<string> Lines(IEnumerable<CaseOutcome> outcomes)
    {
        List<string> lines = [$"{"family", -16} {"export", -15} {"passed / all", 12}  why not"];
        foreach (var group in outcomes.GroupBy(outcome => (outcome.Family, outcome.Export)).OrderBy(group => group.Key))
        {
            var passed = group.Count(item => item.Outcome == CaseOutcome.Passed);
            lines.Add(
                $"{group.Key.Family, -16} {group.Key.Export, -15} {$"{passed} / {group.Count()}", 12}  {Reasons(group)}"
            );
        }

        return lines;
    }

    private static string Reasons(IEnumerable<CaseOutcome> outcomes) =>
        string.Join(
            "; ",
            outcomes
                .Where(outcome => outcome.Message is not null)
                .GroupBy(outcome => (outcome.Outcome, Reason: Shortened(outcome.Message!)))
                .OrderBy(group => group.Key)
                .Select(group => $"{group.Count()} {group.Key.Outcome}: {group.Key.Reason}")
        );

    private static string Shortened(string message) => message.Length <= 110 ? message : $"{message[..110]}…";
}
