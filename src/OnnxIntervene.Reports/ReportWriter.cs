using System.Collections.Immutable;
using OnnxIntervene.IR.Files;

namespace OnnxIntervene.Reports;

/// <summary>Turns a report into files.</summary>
public static class ReportWriter
{
    /// <summary>
    /// The files' names and contents: <c>NAME.html</c>, <c>NAME.json</c>, <c>NAME.safetensors</c>, and for each figure
    /// <c>NAME-FIGURE</c> as pictures and tables. A stack of up to 16 heatmaps also has a picture of each
    /// (<c>NAME-FIGURE-CHOICE.png</c>); attention patterns have pictures and tables of the grid of heads
    /// (<c>NAME-FIGURE-heads</c>), and pictures of the 16 heads with the largest scores.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// The name is not a valid file name, or parts of the report do not fit.
    /// </exception>
    public static ImmutableArray<ReportFile> Render(
        Report report,
        string name,
        ReportFormats formats = ReportFormats.Usual
    )
    {
        ArgumentNullException.ThrowIfNull(report);
        return [.. new ReportFiles(report, FileName.Checked(name), formats).Render()];
    }

    /// <summary>
    /// Writes the report's files into a folder, which is made when it is missing, and returns their paths. Everything
    /// is drawn and written elsewhere first, so that however the writing ends, the folder holds the earlier report of
    /// this name or this one, whole. Files that only the earlier one had are removed; its page lists them, so a report
    /// that was written without a page is left beside this one where names differ.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// The name is not a valid file name, or parts of the report do not fit.
    /// </exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; no file was left.</exception>
    public static ImmutableArray<string> Write(
        string folder,
        string name,
        Report report,
        ReportFormats formats = ReportFormats.Usual,
        CancellationToken cancellation = default
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(report);
        var files = new List<ReportFile>();
        cancellation.ThrowIfCancellationRequested();
        foreach (var file in new ReportFiles(report, FileName.Checked(name), formats).Render())
        {
            cancellation.ThrowIfCancellationRequested();
            files.Add(file);
        }

        using var pending = new PendingFolder(folder);
        foreach (var file in files)
        {
            cancellation.ThrowIfCancellationRequested();
            pending.Write(file.Name, stream => stream.Write(file.Contents.Span));
        }

        foreach (var old in ReportList.Read(folder, name))
            pending.Remove(old);
        cancellation.ThrowIfCancellationRequested();
        pending.Commit();
        return [.. files.Select(file => Path.Combine(folder, file.Name))];
    }
}
