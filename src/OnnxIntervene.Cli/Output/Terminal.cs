using System.CommandLine;
using OnnxIntervene.Reports.Figures;
using Spectre.Console;

namespace OnnxIntervene.Cli.Output;

/// <summary>Where a command writes: results to the output, the rest to the error stream.</summary>
internal sealed class Terminal
{
    private const int WidthOfFiles = 200;

    // What a column has beside its text, and the least that the column which wraps is left with.
    private const int Padding = 3;
    private const int NarrowestColumn = 12;

    private readonly IAnsiConsole _console;

    private Terminal(TextWriter output, TextWriter error)
    {
        Output = new TerminalWriter(output);
        Error = new TerminalWriter(error);
        _console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });

        // A table in a file or a pipe must not be wrapped at the width of a screen that does not exist.
        if (!Output.IsWatched)
            _console.Profile.Width = WidthOfFiles;
    }

    public TerminalWriter Output { get; }

    public TerminalWriter Error { get; }

    public static Terminal Of(ParseResult arguments) =>
        new(arguments.InvocationConfiguration.Output, arguments.InvocationConfiguration.Error);

    /// <summary>
    /// A table of plain text. Where the terminal is too narrow, the widest column gives way: it wraps, or its names are
    /// shortened in the middle, where they differ least. The others keep their width.
    /// </summary>
    public void WriteTable(
        IReadOnlyList<string> columns,
        IEnumerable<IReadOnlyList<string>> rows,
        bool elidesNames = false
    )
    {
        string[][] cells = [.. rows.Select(row => row.Select(TerminalText.Clean).ToArray())];
        int[] widths =
        [
            .. columns.Select((name, column) => cells.Select(row => row[column].Length).Append(name.Length).Max()),
        ];
        var widest = Array.IndexOf(widths, widths.Max());
        var others = widths.Where((_, column) => column != widest).Sum() + (Padding * widths.Length) + 1;
        _console.Profile.Width = Math.Max(_console.Profile.Width, others + NarrowestColumn);
        var room = _console.Profile.Width - others;
        var table = new Table { Border = TableBorder.Simple };
        for (var column = 0; column < columns.Count; column++)
            table.AddColumn(
                new TableColumn(Markup.Escape(columns[column])) { NoWrap = elidesNames || column != widest }
            );
        foreach (var row in cells)
        {
            if (elidesNames)
                row[widest] = Shortened(row[widest], room);
            table.AddRow([.. row.Select(cell => new Text(cell))]);
        }

        _console.Write(table);
    }

    // Beginnings and ends tell names apart.
    private static string Shortened(string name, int room) =>
        name.Length <= room ? name : $"{name[..((room - 1) / 2)]}…{name[^(room / 2)..]}";

    /// <summary>A heatmap in characters.</summary>
    public void WriteHeatmap(Heatmap heatmap) => TerminalHeatmap.Write(_console, heatmap);

    /// <summary>Names and values, a line each.</summary>
    public void WriteFacts(IReadOnlyList<(string Name, string Value)> facts)
    {
        var width = facts.Max(fact => fact.Name.Length);
        foreach (var (name, value) in facts)
            Output.WriteLine($"{name.PadRight(width)}  {value}");
        Output.WriteLine();
    }
}
