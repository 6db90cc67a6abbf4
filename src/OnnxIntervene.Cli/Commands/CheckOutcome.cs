using System.Collections.Immutable;
using OnnxIntervene.Checking;
using OnnxIntervene.Checking.Laws;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Shows what a check found: one line a law, with the layers in which it does not hold.</summary>
internal sealed class CheckOutcome(LoadedModel model, CheckReport report)
{
    public void Write(Terminal terminal, bool asJson)
    {
        if (asJson)
        {
            terminal.Output.WriteJson(JsonText.Of(Json()));
            return;
        }

        if (report.Findings.IsEmpty)
        {
            terminal.Output.WriteLine($"No components are recognised, so there is nothing to check.");
            return;
        }

        terminal.WriteTable(["law", "proved", "contradicted", "cannot be tested"], Rows());
        foreach (var finding in report.Contradicted)
            terminal.Output.WriteLine($"Contradicted in layer {finding.Layer}: {finding.Law} ({finding.Explanation}).");
        foreach (var group in Untested())
            terminal.Output.WriteLine(
                $"Not tested, since {group.Key}: {string.Join("; ", group.Select(finding => finding.Law).Distinct())}."
            );
        terminal.Output.WriteLine(
            $"{report.Proved.Length} of {Checked} components are proved, {report.Doubtful.Length} are contradicted."
        );
    }

    private int Checked => report.Findings.SelectMany(finding => finding.Components).Distinct().Count();

    private IEnumerable<IGrouping<string, LawFinding>> Untested() =>
        report
            .Findings.Where(finding => finding.Outcome == LawOutcome.Untested)
            .GroupBy(finding => finding.Explanation);

    private IEnumerable<string[]> Rows() =>
        report
            .Findings.GroupBy(finding => finding.Law)
            .Select(law =>
                new[]
                {
                    law.Key,
                    Count(law, LawOutcome.Proved),
                    Count(law, LawOutcome.Contradicted),
                    Count(law, LawOutcome.Untested),
                }
            );

    private static string Count(IEnumerable<LawFinding> findings, LawOutcome outcome) =>
        findings.Count(finding => finding.Outcome == outcome) is > 0 and var count ? $"{count}" : "";

    private object Json() =>
        new
        {
            Model = model.File.Path,
            Sound = report.IsSound,
            Proved = Addresses(report.Proved),
            Contradicted = Addresses(report.Doubtful),
            Laws = report.Findings.Select(finding => new
            {
                finding.Law,
                finding.Layer,
                Components = Addresses(finding.Components),
                Outcome = finding.Outcome.ToString().ToLowerInvariant(),
                finding.Explanation,
            }),
        };

    private static IEnumerable<object> Addresses(ImmutableArray<Components.Addressing.ComponentAddress> addresses) =>
        addresses.Select(address => new { address.Layer, Component = address.FullName });
}
