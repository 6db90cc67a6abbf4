namespace OnnxIntervene.Runtime;

/// <summary>ONNX Runtime failed on this machine: it cannot open the model, or it stopped a run.</summary>
public sealed class ExecutionException : Exception
{
    private const string CodePrefix = "[ErrorCode:";

    /// <summary>Creates the exception without a message.</summary>
    public ExecutionException() { }

    /// <summary>Creates the exception with what failed, and what to do.</summary>
    public ExecutionException(string message)
        : base(message) { }

    /// <summary>Creates the exception with what failed, and what to do, and the underlying error.</summary>
    public ExecutionException(string message, Exception innerException)
        : base(message, innerException) { }

    internal ExecutionException(string message, Exception fault, string? provider)
        : base(message, fault) => (ErrorCode, Provider) = (CodeOf(fault), provider);

    /// <summary>
    /// ONNX Runtime's name for the error, such as <c>NotImplemented</c>, <c>InvalidGraph</c> or <c>Fail</c>; null when
    /// it names none.
    /// </summary>
    public string? ErrorCode { get; }

    /// <summary>The execution provider that the session was opened with; null when it is not known.</summary>
    public string? Provider { get; }

    // ONNX Runtime's exception keeps its code to itself, but its message starts with it: "[ErrorCode:Fail] …".
    private static string? CodeOf(Exception fault)
    {
        var end = fault.Message.IndexOf(']', StringComparison.Ordinal);
        return fault.Message.StartsWith(CodePrefix, StringComparison.Ordinal) && end > 0
            ? fault.Message[CodePrefix.Length..end]
            : null;
    }
}
