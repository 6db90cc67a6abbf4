namespace OnnxIntervene.Cli.Commands;

/// <summary>The user ended a study whose cells are kept.</summary>
/// <param name="message">Where they are, and how the study goes on.</param>
/// <param name="cause">The cancellation.</param>
internal sealed class StudyCancelledException(string message, Exception cause)
    : OperationCanceledException(message, cause);
