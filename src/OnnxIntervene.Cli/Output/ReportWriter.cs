using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Reports;

namespace OnnxIntervene.Cli.Output;

/// <summary>Writes a report's files into a folder, all or none.</summary>
internal static class ReportWriter
{
    public static IReadOnlyList<string> Write(string folder, string name, Report report, CancellationToken cancellation)
    {
        using var files = new PendingFiles();
        var paths = new List<string>();
        foreach (var file in ReportFiles.Render(report, name))
        {
            cancellation.ThrowIfCancellationRequested();
            var path = Path.Combine(folder, file.Name);
            files.Write(path, stream => stream.Write(file.Contents.Span));
            paths.Add(path);
        }

        files.Commit();
        return paths;
    }
}
