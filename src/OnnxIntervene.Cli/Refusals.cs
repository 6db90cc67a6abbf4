using OnnxIntervene.IR;

namespace OnnxIntervene.Cli;

/// <summary>
/// Tells what the user can mend, which gets one message, from a fault of ours, which gets a stack trace.
/// </summary>
internal static class Refusals
{
    public static bool Is(Exception fault) =>
        fault
            is ModelFormatException
                or InterventionException
                or InvalidGraphException
                or NotSupportedException
                or IOException
                or UnauthorizedAccessException;
}
