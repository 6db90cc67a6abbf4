using System.Collections.Immutable;

namespace OnnxIntervene.Reports;

/// <summary>A table of text. A column of which every cell is a number is set flush right.</summary>
/// <param name="Title">What is shown.</param>
/// <param name="Columns">The columns' names.</param>
/// <param name="Rows">The rows, each with as many cells as there are columns.</param>
public sealed record ReportTable(
    string Title,
    ImmutableArray<string> Columns,
    ImmutableArray<ImmutableArray<string>> Rows
);
