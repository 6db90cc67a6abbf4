namespace OnnxIntervene.IR;

/// <summary>
/// An operator's domain and type, with the empty text for the domain of standard ONNX, however the file writes it.
/// </summary>
/// <param name="Domain">The normalised domain.</param>
/// <param name="OperatorType">The operator's type, such as <c>MatMul</c>.</param>
public readonly record struct OperatorKey(string Domain, string OperatorType)
{
    /// <summary>The domain of ONNX Runtime's own operators.</summary>
    public const string Microsoft = "com.microsoft";

    /// <summary>The key of an operator as a file writes its domain; <c>ai.onnx</c> is the empty domain.</summary>
    public static OperatorKey From(string domain, string operatorType) => new(Normalize(domain), operatorType);

    /// <summary>The empty text for standard ONNX; for anything else the domain itself.</summary>
    public static string Normalize(string domain) => domain == "ai.onnx" ? "" : domain;

    /// <inheritdoc/>
    public override string ToString() => Domain.Length == 0 ? OperatorType : $"{Domain}.{OperatorType}";
}
