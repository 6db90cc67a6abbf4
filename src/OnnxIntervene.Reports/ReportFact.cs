namespace OnnxIntervene.Reports;

/// <summary>A name and a value.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Value">Its value, as it is shown.</param>
public sealed record ReportFact(string Name, string Value);
