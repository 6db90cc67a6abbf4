using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using OnnxIntervene.IR;

namespace OnnxIntervene.Cli.Commands;

/// <summary>The command line of a study that another command runs.</summary>
internal sealed class StudyCommand
{
    private static readonly ImmutableArray<string> s_taken = ["--shard", "--out", "--merge", "--explain", "--dry-run"];

    private readonly Command _root;
    private readonly ParseResult _parsed;

    private StudyCommand(Command root, ImmutableArray<string> arguments) =>
        (_root, Arguments, _parsed) = (root, arguments, root.Parse(arguments));

    /// <summary>The command and what is given to it.</summary>
    public ImmutableArray<string> Arguments { get; }

    /// <summary>Commands that are studies: they write nothing but a report.</summary>
    public static ImmutableArray<string> Names { get; } = ["patch", "trace", "ablate", "path", "attribute", "das"];

    /// <summary>Which study it is.</summary>
    public string Name => Arguments[0];

    /// <summary>Reads a study's command line.</summary>
    /// <param name="root">All commands.</param>
    /// <param name="arguments">The study's name and what is given to it.</param>
    /// <exception cref="InterventionException">It is no study, or is not understood.</exception>
    public static StudyCommand Parse(Command root, IReadOnlyList<string> arguments)
    {
        if (arguments is not [var name, ..] || !Names.Contains(name))
            throw new InterventionException(
                $"A study is wanted after --: {string.Join(", ", Names)}, with its own arguments"
                    + (arguments.Count > 0 ? $"; '{arguments[0]}' was given." : ".")
            );
        if (arguments.Contains("--"))
            throw new InterventionException("A second -- is given; the study's model comes first, without it.");
        var study = new StudyCommand(root, [.. arguments]);
        if (study._parsed.Action is ParseErrorAction)
            throw new InterventionException(string.Join(" ", study._parsed.Errors.Select(fault => fault.Message)));
        return study.Given(s_taken) is { } taken
            ? throw new InterventionException($"{taken} is not given to the study after --: shards get it from here.")
            : study;
    }

    /// <summary>Whether an option is given.</summary>
    public bool Has(string option) => Given([option]) is not null;

    /// <summary>Checks the request on its model, and counts the cells that a folder holds; nothing is run.</summary>
    /// <exception cref="InterventionException">
    /// The request does not fit the model, or the folder holds another study.
    /// </exception>
    public Task<int> CheckAsync(string folder, TextWriter output, CancellationToken cancellation) =>
        _root
            .Parse([.. Arguments, "--dry-run", "--out", folder])
            .InvokeAsync(
                new InvocationConfiguration
                {
                    Output = output,
                    Error = output,
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = null,
                },
                cancellation
            );

    private string? Given(ImmutableArray<string> options) =>
        _parsed
            .CommandResult.Children.OfType<OptionResult>()
            .Where(result => !result.Implicit)
            .Select(result => result.Option.Name)
            .FirstOrDefault(options.Contains);
}
