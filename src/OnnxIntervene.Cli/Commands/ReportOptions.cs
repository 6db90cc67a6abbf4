using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Reports;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Where a sweep's report is written.</summary>
internal sealed class ReportOptions(string name)
{
    private readonly Option<string> _folder = new("--out")
    {
        Description = $"The folder for pictures, page, CSV and JSON. Default: {name}.",
        DefaultValueFactory = _ => name,
    };

    private readonly Option<bool> _json = new("--json") { Description = "Print JSON in place of tables and pictures." };

    public void AddTo(Command command)
    {
        command.Add(_folder);
        command.Add(_json);
    }

    /// <summary>What the report's files are called.</summary>
    public string Name => name;

    /// <summary>Where the report is written.</summary>
    public string Folder(ParseResult arguments) => arguments.GetValue(_folder)!;

    /// <summary>Whether JSON is wanted in place of tables and pictures.</summary>
    public bool IsJson(ParseResult arguments) => arguments.GetValue(_json);

    /// <summary>Writes the report and prints it: pictures and facts, or JSON.</summary>
    public void Publish(ParseResult arguments, Report report, CancellationToken cancellation)
    {
        var terminal = Terminal.Of(arguments);
        var page = report with { Command = CommandText.Of(arguments) };
        var files = ReportWriter.Write(arguments.GetValue(_folder)!, name, page, cancellation);
        if (arguments.GetValue(_json))
        {
            terminal.Output.WriteJson(report.Json);
        }
        else
        {
            terminal.WriteFacts([.. report.Facts.Select(fact => (fact.Name, fact.Value))]);
            foreach (var (_, heatmap) in report.Heatmaps)
                terminal.WriteHeatmap(heatmap);
        }

        foreach (var warning in report.Warnings)
            terminal.Error.WriteLine($"Warning: {warning}");
        terminal.Error.WriteLine($"Wrote {string.Join(", ", files)}");
    }
}
