using System.CommandLine;
using Spectre.Console;

namespace OnnxIntervene.Cli.Output;

/// <summary>Where a command writes: results to the output, the rest to the error stream.</summary>
internal sealed class Terminal
{
    private const int WidthOfFiles = 200;

    private Terminal(TextWriter output, TextWriter error)
    {
        Output = output;
        Error = error;
        Console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });

        // A table in a file or a pipe must not be wrapped at the width of a screen that does not exist.
        if (!ReferenceEquals(output, System.Console.Out) || System.Console.IsOutputRedirected)
            Console.Profile.Width = WidthOfFiles;
    }

    public TextWriter Output { get; }

    public TextWriter Error { get; }

    public IAnsiConsole Console { get; }

    public static Terminal Of(ParseResult arguments) =>
        new(arguments.InvocationConfiguration.Output, arguments.InvocationConfiguration.Error);

    /// <summary>A table of plain text.</summary>
    public void WriteTable(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (var column in columns)
            table.AddColumn(new TableColumn(Markup.Escape(column)) { NoWrap = true });
        foreach (var row in rows)
            table.AddRow([.. row.Select(cell => new Text(cell))]);
        Console.Write(table);
    }

    /// <summary>Names and values, a line each.</summary>
    public void WriteFacts(IReadOnlyList<(string Name, string Value)> facts)
    {
        var width = facts.Max(fact => fact.Name.Length);
        foreach (var (name, value) in facts)
            Output.WriteLine($"{name.PadRight(width)}  {value}");
        Output.WriteLine();
    }
}
