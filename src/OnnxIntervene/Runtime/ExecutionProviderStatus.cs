namespace OnnxIntervene.Runtime;

/// <summary>Whether an execution provider that ONNX Runtime was built with works on this machine.</summary>
/// <param name="Name">The name that <see cref="ExecutionOptions.Provider"/> takes: <c>cpu</c>, <c>cuda</c>, …</param>
/// <param name="FullName">ONNX Runtime's own name: <c>CUDAExecutionProvider</c>.</param>
/// <param name="Reason">Why it does not work; null when it does.</param>
/// <param name="MissingLibrary">The library that the loader did not find; null for other reasons.</param>
public sealed record ExecutionProviderStatus(
    string Name,
    string FullName,
    string? Reason = null,
    string? MissingLibrary = null
)
{
    /// <summary>Whether a small model could be opened and run with it.</summary>
    public bool Works => Reason is null;
}
