using System.Collections.Immutable;

namespace OnnxIntervene.IR;

/// <summary>A graph breaks rules of ONNX. Lists every fault at once.</summary>
public sealed class InvalidGraphException : Exception
{
    /// <summary>Creates the exception without faults.</summary>
    public InvalidGraphException() { }

    /// <summary>Creates the exception with a message.</summary>
    public InvalidGraphException(string message)
        : base(message) { }

    /// <summary>Creates the exception with a message and the underlying error.</summary>
    public InvalidGraphException(string message, Exception innerException)
        : base(message, innerException) { }

    /// <summary>Creates the exception with these faults.</summary>
    public InvalidGraphException(ImmutableArray<string> faults)
        : base(
            $"The graph breaks {faults.Length} rule(s) of ONNX:{Environment.NewLine}- "
                + $"{string.Join($"{Environment.NewLine}- ", faults)}"
        ) => Faults = faults;

    /// <summary>Each broken rule with its place.</summary>
    public ImmutableArray<string> Faults { get; } = [];
}
