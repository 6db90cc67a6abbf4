using OnnxIntervene.Cli.Output;
using OnnxIntervene.Cli.Slurm;
using OnnxIntervene.Hub;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Why a command failed: one message, and whose fault it was.</summary>
/// <param name="Kind">
/// Whose fault: <c>request</c>, <c>file</c>, <c>machine</c>, <c>network</c> or <c>cancelled</c>.
/// </param>
/// <param name="Message">What is wrong, where, and what to do.</param>
/// <param name="ExitCode">The command's exit code.</param>
internal sealed record CommandFault(string Kind, string Message, int ExitCode)
{
    /// <summary>What an exception means to the user; null for a bug of ours, which gets a stack trace.</summary>
    public static CommandFault? Of(Exception fault) =>
        fault switch
        {
            StudyCancelledException => new("cancelled", fault.Message, ExitCodes.Cancelled),
            OperationCanceledException => new("cancelled", "Cancelled; no result was written.", ExitCodes.Cancelled),
            InterventionException => Request(fault.Message),
            ModelFormatException or InvalidGraphException or FileNotFoundException or DirectoryNotFoundException => new(
                "file",
                fault.Message,
                ExitCodes.File
            ),
            HubException => new("network", fault.Message, ExitCodes.Network),
            _ => IsOfTheMachine(fault) ? new("machine", fault.Message, ExitCodes.Machine) : null,
        };

    /// <summary>The request is refused.</summary>
    public static CommandFault Request(string message) => new("request", message, ExitCodes.Request);

    /// <summary>
    /// The fault as JSON, which a script can distinguish from a result by its only field, <c>error</c>.
    /// </summary>
    public string ToJson() => JsonText.Of(new { Error = this });

    // ONNX Runtime says that a call is not supported when this build cannot add an execution provider by its name.
    private static bool IsOfTheMachine(Exception fault) =>
        fault
            is ExecutionException
                or SlurmException
                or NotSupportedException
                or IOException
                or UnauthorizedAccessException;
}
