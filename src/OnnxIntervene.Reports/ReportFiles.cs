using System.Collections.Immutable;
using System.Text;

namespace OnnxIntervene.Reports;

/// <summary>Turns a report into files.</summary>
public static class ReportFiles
{
    /// <summary>The files' names and contents: <c>NAME.html</c>, <c>NAME.json</c>, and <c>NAME-HEATMAP.png</c> and <c>.csv</c> for each heatmap.</summary>
    public static ImmutableArray<ReportFile> Render(Report report, string name)
    {
        ArgumentNullException.ThrowIfNull(report);
        var files = ImmutableArray.CreateBuilder<ReportFile>();
        files.Add(new ReportFile($"{name}.html", Encoding.UTF8.GetBytes(HtmlReport.Render(report))));
        files.Add(new ReportFile($"{name}.json", Encoding.UTF8.GetBytes(report.Json + "\n")));
        foreach (var (heatmapName, heatmap) in report.Heatmaps)
        {
            files.Add(new ReportFile($"{name}-{heatmapName}.png", HeatmapImage.Render(heatmap)));
            files.Add(new ReportFile($"{name}-{heatmapName}.csv", Encoding.UTF8.GetBytes(HeatmapCsv.Render(heatmap))));
        }

        return files.ToImmutable();
    }
}

/// <summary>A file to be written.</summary>
/// <param name="Name">Its name, without a folder.</param>
/// <param name="Contents">Its bytes.</param>
public sealed record ReportFile(string Name, ReadOnlyMemory<byte> Contents);
