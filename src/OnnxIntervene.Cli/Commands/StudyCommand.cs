using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using OnnxIntervene.IR;

namespace OnnxIntervene.Cli.Commands;

/// <summary>The command line of a study that another command runs.</summary>
/// <param name="Arguments">The command and what is given to it.</param>
internal sealed record StudyCommand(ImmutableArray<string> Arguments)
{
    private static readonly ImmutableArray<string> s_taken = ["--shard", "--out", "--merge", "--explain", "--dry-run"];

    /// <summary>Commands that are studies: they write nothing but a report.</summary>
    public static ImmutableArray<string> Names { get; } = ["patch", "trace", "ablate", "path"];

    /// <summary>Which study it is.</summary>
    public string Name => Arguments[0];

    /// <summary>Reads a study's command line.</summary>
    /// <exception cref="InterventionException">It is no study, or is not understood.</exception>
    public static StudyCommand Parse(IReadOnlyList<string> arguments)
    {
        if (arguments is not [var name, ..] || !Names.Contains(name))
            throw new InterventionException(
                $"A study is wanted after --: {string.Join(", ", Names)}, with its own arguments"
                    + (arguments.Count > 0 ? $"; '{arguments[0]}' was given." : ".")
            );
        var parsed = CommandTree.Create().Parse([.. arguments]);
        if (parsed.Action is ParseErrorAction)
            throw new InterventionException(string.Join(" ", parsed.Errors.Select(fault => fault.Message)));
        var given = new StudyCommand([.. arguments]);
        return Given(parsed, s_taken) is { } taken
            ? throw new InterventionException($"{taken} is not given to the study after --: shards get it from here.")
            : given;
    }

    /// <summary>Whether an option is given.</summary>
    public bool Has(string option) => Given(CommandTree.Create().Parse([.. Arguments]), [option]) is not null;

    /// <summary>Checks the request on its model, and counts the cells that a folder holds; nothing is run.</summary>
    /// <exception cref="InterventionException">
    /// The request does not fit the model, or the folder holds another study.
    /// </exception>
    public Task<int> CheckAsync(string folder, TextWriter output, CancellationToken cancellation) =>
        CommandTree
            .Create()
            .Parse([.. Arguments, "--dry-run", "--out", folder])
            .InvokeAsync(
                new InvocationConfiguration
                {
                    Output = output,
                    Error = output,
                    EnableDefaultExceptionHandler = false,
                },
                cancellation
            );

    private static string? Given(ParseResult parsed, ImmutableArray<string> options) =>
        parsed
            .CommandResult.Children.OfType<OptionResult>()
            .Where(result => !result.Implicit)
            .Select(result => result.Option.Name)
            .FirstOrDefault(options.Contains);
}
