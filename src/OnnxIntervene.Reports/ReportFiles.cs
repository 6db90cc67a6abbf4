using System.Collections.Immutable;
using System.Text;
using OnnxIntervene.Formats;
using OnnxIntervene.Reports.Figures;
using OnnxIntervene.Reports.Tables;

namespace OnnxIntervene.Reports;

/// <summary>Draws and lists the files of one report, the page last: it names the others.</summary>
internal sealed class ReportFiles(Report report, string name, ReportFormats formats)
{
    private static readonly (ReportFormats Format, string Ending, Func<Figure, byte[]> Render)[] s_pictures =
    [
        (ReportFormats.Png, ".png", figure => FigureImage.Render(figure)),
        (ReportFormats.Svg, ".svg", figure => Encoding.UTF8.GetBytes(FigureSvg.Render(figure))),
        (ReportFormats.Pdf, ".pdf", FigurePdf.Render),
    ];

    private static readonly (ReportFormats Format, string Ending, Func<Figure, byte[]> Render)[] s_tables =
    [
        (ReportFormats.Csv, ".csv", figure => Encoding.UTF8.GetBytes(FigureCsv.Render(figure))),
        (ReportFormats.Parquet, ".parquet", FigureParquet.Render),
    ];

    private readonly List<string> _endings = [];

    public IEnumerable<ReportFile> Render()
    {
        var parts = FigurePart.Named(report.AllFigures);
        if (Has(ReportFormats.Json))
            yield return File(".json", Encoding.UTF8.GetBytes(report.Json + "\n"));
        if (Has(ReportFormats.Safetensors) && !parts.IsEmpty)
            yield return File(".safetensors", Tensors(parts));
        foreach (var part in parts)
        {
            var kinds = part.HasTable ? s_pictures.Concat(s_tables) : s_pictures;
            foreach (var (_, ending, render) in kinds.Where(kind => Has(kind.Format)))
                yield return File($"-{part.Name}{ending}", render(part.Figure));
        }

        if (Has(ReportFormats.Html))
        {
            var page = HtmlReport.Render(report, ReportList.Element(_endings));
            yield return new ReportFile($"{name}.html", Encoding.UTF8.GetBytes(page));
        }
    }

    private static byte[] Tensors(ImmutableArray<FigurePart> parts)
    {
        var tensors = new FigureTensors();
        foreach (var part in parts.Where(part => part.HasTable))
            tensors.Add(part.Name, part.Figure);
        using var stream = new MemoryStream();
        SafetensorsFile.Write(stream, tensors.Tensors, tensors.Metadata);
        return stream.ToArray();
    }

    private bool Has(ReportFormats format) => formats.HasFlag(format);

    private ReportFile File(string ending, byte[] contents)
    {
        _endings.Add(ending);
        return new ReportFile(name + ending, contents);
    }
}
