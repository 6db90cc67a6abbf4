namespace OnnxIntervene.Cli.Commands;

/// <summary>The user ended a study whose cells are kept.</summary>
/// <param name="message">Where they are, and how the study goes on.</param>
/// <param name="cause">The cancellation.</param>
internal sealed class StudyCancelledException(string message, Exception cause)
    : OperationCanceledException(message, cause)
{
    /// <summary>The fault of a study whose cells are in a journal.</summary>
    public static StudyCancelledException Of(string journal, Exception cause) =>
        new($"Cancelled; what was measured is kept in {journal}, and the same command goes on from there.", cause);
}
