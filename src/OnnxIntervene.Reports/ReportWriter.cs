using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using OnnxIntervene.IR.Files;

namespace OnnxIntervene.Reports;

/// <summary>Turns a report into files.</summary>
public static class ReportWriter
{
    private const int LongestName = 60;

    // The strictest system's rules, so that a report can be copied anywhere.
    private static readonly SearchValues<char> s_reserved = SearchValues.Create("/\\:*?\"<>|");

    /// <summary>
    /// The files' names and contents: <c>NAME.html</c>, <c>NAME.json</c>, and for each heatmap <c>NAME-HEATMAP.png</c>
    /// and <c>.csv</c>.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// The name is not a valid file name, or parts of the report do not fit.
    /// </exception>
    public static ImmutableArray<ReportFile> Render(Report report, string name)
    {
        ArgumentNullException.ThrowIfNull(report);
        return [.. RenderEach(report, Checked(name))];
    }

    /// <summary>
    /// Writes the report's files into a folder, which is made when it is missing, and returns their paths. Everything
    /// is drawn and written elsewhere first, so that however the writing ends, the folder holds the earlier report of
    /// this name or this one, whole. Pictures that only the earlier one had are removed.
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
        CancellationToken cancellation = default
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(report);
        var files = new List<ReportFile>();
        cancellation.ThrowIfCancellationRequested();
        foreach (var file in RenderEach(report, Checked(name)))
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

    private static IEnumerable<ReportFile> RenderEach(Report report, string name)
    {
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var slugs = report.Heatmaps.Select(heatmap => Free(Slug(heatmap.Name), taken)).ToList();
        var page = HtmlReport.Render(report, ReportList.Element(slugs));
        yield return new ReportFile($"{name}.html", Encoding.UTF8.GetBytes(page));
        yield return new ReportFile($"{name}.json", Encoding.UTF8.GetBytes(report.Json + "\n"));
        foreach (var (slug, (_, heatmap)) in slugs.Zip(report.Heatmaps))
        {
            var full = $"{name}-{slug}";
            yield return new ReportFile($"{full}.png", HeatmapImage.Render(heatmap));
            yield return new ReportFile($"{full}.csv", Encoding.UTF8.GetBytes(HeatmapCsv.Render(heatmap)));
        }
    }

    private static string Checked(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (name.AsSpan().ContainsAny(s_reserved) || name.Any(char.IsControl) || name[0] == '.')
        {
            throw new ArgumentException(
                $"'{name}' is not a valid name for a report's files. Use one without a folder, such as 'trace'.",
                nameof(name)
            );
        }

        return name;
    }

    private static string Slug(string name)
    {
        var kept = string.Concat(name.Take(LongestName).Select(letter => IsPlain(letter) ? letter : '-'));
        var slug = kept.Trim('-', '.');
        return slug.Length > 0 ? slug : "heatmap";
    }

    private static bool IsPlain(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_';

    private static string Free(string slug, HashSet<string> taken)
    {
        var free = slug;
        for (var number = 2; !taken.Add(free); number++)
            free = $"{slug}-{number}";
        return free;
    }
}
