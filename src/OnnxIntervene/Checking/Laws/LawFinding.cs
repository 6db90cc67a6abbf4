using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Checking.Laws;

/// <summary>What one law showed in one layer.</summary>
/// <param name="Law">The law in short: <c>attention_input decides query_output</c>.</param>
/// <param name="Layer">The layer.</param>
/// <param name="Components">The components that the law is about.</param>
/// <param name="Outcome">Whether it holds.</param>
/// <param name="Explanation">
/// The numbers where it does not hold, or why it cannot be tested; empty where it holds.
/// </param>
public sealed record LawFinding(
    string Law,
    int Layer,
    ImmutableArray<ComponentAddress> Components,
    LawOutcome Outcome,
    string Explanation
);
