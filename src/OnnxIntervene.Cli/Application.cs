using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using OnnxIntervene.Cli.Commands;
using OnnxIntervene.Cli.Output;

namespace OnnxIntervene.Cli;

/// <summary>The whole command: reads the arguments, runs them, and turns faults into messages and exit codes.</summary>
internal static class Application
{
    // Loading and downloading do not ask whether they are cancelled; what they leave is whole or marked as not.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    /// <summary>Runs the command and returns its exit code.</summary>
    /// <param name="arguments">The user's arguments.</param>
    /// <param name="output">Receives results; with <c>--json</c> exactly one JSON value, which may be an error.</param>
    /// <param name="error">Receives everything else.</param>
    public static async Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter error)
    {
        var parsed = CommandTree.Create().Parse(arguments);
        var json = IsJson(parsed) ? output : null;
        if (json is not null && parsed.Action is ParseErrorAction)
            return Report(CommandFault.Request(string.Join(" ", parsed.Errors.Select(fault => fault.Message))));
        if (parsed.Action is ParseErrorAction misread)
            return await ExplainAsync(parsed, misread, error).ConfigureAwait(false);
        try
        {
            FileLimitOption.Apply(parsed, CommandTree.FileLimit);
            var configuration = new InvocationConfiguration
            {
                Output = output,
                Error = error,
                EnableDefaultExceptionHandler = false,

                // The library's own way ends a command that is still cancelling its jobs.
                ProcessTerminationTimeout = null,
            };
            using var interruption = new Interruption(
                PatienceOf(parsed),
                SignalsOf(parsed),
                () => Report(CommandFault.Of(new OperationCanceledException())!)
            );
            return await parsed.InvokeAsync(configuration, interruption.Token).ConfigureAwait(false);
        }
        catch (Exception fault) when (CommandFault.Of(fault) is { } known)
        {
            return Report(known);
        }

        int Report(CommandFault fault)
        {
            new TerminalWriter(error).WriteLine(fault.Message);
            json?.WriteLine(fault.ToJson());
            return fault.ExitCode;
        }
    }

    // The whole help would hide what is wrong; who gives nothing asks what there is.
    private static async Task<int> ExplainAsync(ParseResult parsed, ParseErrorAction misread, TextWriter error)
    {
        misread.ShowHelp = parsed.Tokens.Count == 0;
        var configuration = new InvocationConfiguration { Output = error, Error = error };
        var exitCode = await parsed.InvokeAsync(configuration).ConfigureAwait(false);
        string[] path = parsed.CommandResult.Command is RootCommand ? [] : [parsed.CommandResult.Command.Name];
        await error
            .WriteLineAsync($"What can be given: {string.Join(' ', ["onnx-intervene", .. path, "--help"])}")
            .ConfigureAwait(false);
        return exitCode;
    }

    // Jobs of a cluster are cancelled before the command ends, however long that takes.
    private static TimeSpan PatienceOf(ParseResult parsed) =>
        parsed.CommandResult.Command.Name == SlurmCommand.Name ? Timeout.InfiniteTimeSpan : s_patience;

    // In a conversation Ctrl-C ends an answer first.
    private static PosixSignal[] SignalsOf(ParseResult parsed) =>
        parsed.CommandResult.Command.Name == ChatCommand.Name
            ? [PosixSignal.SIGTERM]
            : [PosixSignal.SIGINT, PosixSignal.SIGTERM];

    private static bool IsJson(ParseResult parsed) =>
        parsed
            .CommandResult.Children.OfType<OptionResult>()
            .Any(result => result is { Option.Name: "--json", Implicit: false });
}
