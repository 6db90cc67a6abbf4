namespace OnnxIntervene.IR;

/// <summary>
/// An operator's domain and name, with the empty text for the domain of standard ONNX, however the file writes it.
/// </summary>
public readonly record struct OperatorKey
{
    /// <summary>The domain of ONNX Runtime's own operators.</summary>
    public const string Microsoft = "com.microsoft";

    /// <summary>Creates the key of a normalised domain and a name.</summary>
    public OperatorKey(string domain, string name)
    {
        ArgumentNullException.ThrowIfNull(domain);
        Domain = domain;
        Name = name;
        OperatorType = domain.Length == 0 || domain == Microsoft ? name : $"{domain}.{name}";
    }

    /// <summary>The normalised domain.</summary>
    public string Domain { get; }

    /// <summary>The name that the file has, such as <c>MatMul</c>.</summary>
    public string Name { get; }

    /// <summary>
    /// What is known of the operator is looked up by this: its name, where the domain is that of standard ONNX or ONNX
    /// Runtime. Elsewhere the domain stands before it: a <c>Softmax</c> of another domain may compute anything.
    /// </summary>
    public string OperatorType { get; }

    /// <summary>The key of an operator as a file writes its domain; <c>ai.onnx</c> is the empty domain.</summary>
    public static OperatorKey From(string domain, string name) => new(Normalize(domain), name);

    /// <summary>The empty text for standard ONNX; for anything else the domain itself.</summary>
    public static string Normalize(string domain) => domain == "ai.onnx" ? "" : domain;

    /// <summary>Takes the key apart.</summary>
    public void Deconstruct(out string domain, out string operatorType) =>
        (domain, operatorType) = (Domain, OperatorType);

    /// <inheritdoc/>
    public override string ToString() => Domain.Length == 0 ? Name : $"{Domain}.{Name}";
}
