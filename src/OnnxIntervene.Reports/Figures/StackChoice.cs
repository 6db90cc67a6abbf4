using System.Collections.Immutable;

namespace OnnxIntervene.Reports.Figures;

/// <summary>One of the things by which a heatmap is chosen from a stack, such as the head.</summary>
/// <param name="Name">What is chosen, such as <c>Head</c>.</param>
/// <param name="Labels">What there is to choose from, such as <c>0</c> to <c>11</c>.</param>
public sealed record StackChoice(string Name, ImmutableArray<string> Labels);
