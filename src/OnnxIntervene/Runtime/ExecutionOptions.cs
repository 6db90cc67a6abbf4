namespace OnnxIntervene.Runtime;

/// <summary>How ONNX Runtime runs a model.</summary>
public sealed record ExecutionOptions
{
    /// <summary>The execution provider: <c>cpu</c>, <c>cuda</c>, or any that the runtime in use has.</summary>
    public string Provider { get; init; } = "cpu";

    /// <summary>How many threads one operator may use; null leaves it to ONNX Runtime.</summary>
    public int? Threads { get; init; }
}
