namespace OnnxIntervene.Reports;

/// <summary>A file to be written.</summary>
/// <param name="Name">Its name, without a folder.</param>
/// <param name="Contents">Its bytes.</param>
public sealed record ReportFile(string Name, ReadOnlyMemory<byte> Contents);
