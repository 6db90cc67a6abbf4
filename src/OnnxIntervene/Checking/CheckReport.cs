using System.Collections.Immutable;
using OnnxIntervene.Checking.Laws;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Checking;

/// <summary>What a check of a model's components found.</summary>
/// <param name="Findings">Every law in every layer.</param>
public sealed record CheckReport(ImmutableArray<LawFinding> Findings)
{
    /// <summary>Whether no law was contradicted.</summary>
    public bool IsSound => Contradicted.IsEmpty;

    /// <summary>The laws that do not hold.</summary>
    public ImmutableArray<LawFinding> Contradicted => Of(LawOutcome.Contradicted);

    /// <summary>The components that some contradicted law is about.</summary>
    public ImmutableArray<ComponentAddress> Doubtful =>
        [.. Contradicted.SelectMany(finding => finding.Components).Distinct()];

    /// <summary>The components that at least one law proved, and none contradicted.</summary>
    public ImmutableArray<ComponentAddress> Proved =>
        [.. Of(LawOutcome.Proved).SelectMany(finding => finding.Components).Distinct().Except(Doubtful)];

    /// <summary>What is kept of the report, for components at these places.</summary>
    public CheckRecord ToRecord(ComponentMap map)
    {
        ArgumentNullException.ThrowIfNull(map);
        var proved = Proved.ToHashSet();
        var reasons = Contradicted
            .SelectMany(finding => finding.Components.Select(address => (address, finding)))
            .ToLookup(item => item.address, item => item.finding);
        return new CheckRecord([
            .. map
                .Components.Where(item => proved.Contains(item.Address) || reasons.Contains(item.Address))
                .Select(item => new CheckedComponent(
                    item.Address,
                    item.Source.Description,
                    reasons[item.Address].FirstOrDefault() is { } finding
                        ? $"{finding.Law} (layer {finding.Layer}: {finding.Explanation})"
                        : null
                )),
        ]);
    }

    private ImmutableArray<LawFinding> Of(LawOutcome outcome) =>
        [.. Findings.Where(finding => finding.Outcome == outcome)];
}
