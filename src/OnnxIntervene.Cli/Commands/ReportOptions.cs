using System.Collections.Immutable;
using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Reports;
using OnnxIntervene.Reports.Figures;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Where a sweep's report is written, and as what.</summary>
internal sealed class ReportOptions
{
    private const int MostNamed = 10;

    private readonly string _name;
    private readonly Option<string> _folder;

    private readonly Option<string> _formats = new("--formats")
    {
        Description = $"What is written, with commas between: {ReportFormatNames.List}, or all.",
        HelpName = "list",
        DefaultValueFactory = _ => ReportFormatNames.Of(ReportFormats.Usual),
    };

    private readonly Option<bool> _json = new("--json") { Description = "Print JSON in place of tables and pictures." };

    public ReportOptions(string name)
    {
        _name = name;
        _folder = new("--out")
        {
            Description = $"The folder for pictures, page and numbers. Default: {name}.",
            DefaultValueFactory = _ => name,
        };
        _folder.Validators.Add(result =>
        {
            if (result.GetValue(_folder) is { } path && File.Exists(path))
                result.AddError($"{_folder.Name} '{path}' is a file. Name a folder, or move the file.");
        });
        _formats.Validators.Add(ReportFormatNames.Require);
    }

    public void AddTo(Command command)
    {
        command.Add(_folder);
        command.Add(_formats);
        command.Add(_json);
    }

    /// <summary>What the report's files are called.</summary>
    public string Name => _name;

    /// <summary>Where the report is written.</summary>
    public string Folder(ParseResult arguments) => arguments.GetValue(_folder)!;

    /// <summary>Whether JSON is wanted in place of tables and pictures.</summary>
    public bool IsJson(ParseResult arguments) => arguments.GetValue(_json);

    /// <summary>Writes the report and prints it: pictures and facts, or JSON.</summary>
    public void Publish(ParseResult arguments, Report report, CancellationToken cancellation)
    {
        var terminal = Terminal.Of(arguments);
        var page = report with
        {
            Command = CommandText.Of(arguments),
            Configuration = report.Configuration.IsEmpty ? ReportOrigin.Configuration(arguments) : report.Configuration,
            Versions = report.Versions.IsEmpty ? ReportOrigin.Versions(arguments) : report.Versions,
        };
        var (folder, formats) = (arguments.GetValue(_folder)!, ReportFormatNames.Read(arguments.GetValue(_formats)!));
        var files = ReportWriter.Write(folder, _name, page, formats, cancellation);
        if (arguments.GetValue(_json))
            terminal.Output.WriteJson(report.Json);
        else
            Show(terminal, report);
        foreach (var warning in report.Warnings)
            terminal.Error.WriteLine($"Warning: {warning}");
        terminal.Error.WriteLine($"Wrote {Text(files)}");
    }

    // Many formats of many figures are hundreds of files.
    private static string Text(ImmutableArray<string> files) =>
        files.Length <= MostNamed
            ? string.Join(", ", files)
            : $"{files[^1]} and {files.Length - 1} more files beside it";

    private static void Show(Terminal terminal, Report report)
    {
        terminal.WriteFacts([.. report.Facts.Select(fact => (fact.Name, fact.Value))]);
        var heatmaps = report.Heatmaps.Select(heatmap => heatmap.Heatmap);
        foreach (var heatmap in heatmaps.Concat(report.Figures.Select(figure => figure.Figure).OfType<Heatmap>()))
            terminal.WriteHeatmap(heatmap);
    }
}
