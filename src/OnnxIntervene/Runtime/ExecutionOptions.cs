using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace OnnxIntervene.Runtime;

/// <summary>How ONNX Runtime runs a model.</summary>
public sealed record ExecutionOptions
{
    private const long LeastMemory = 256L << 20;

    /// <summary>The execution provider: <c>cpu</c>, <c>cuda</c>, or any that the runtime in use has.</summary>
    public string Provider { get; init; } = "cpu";

    /// <summary>How many threads one operator may use; null leaves it to ONNX Runtime.</summary>
    public int? Threads { get; init; }

    /// <summary>
    /// Roughly how many bytes a model's open sessions may take together, besides the weights that they share. Those
    /// that were least recently used are closed beyond that. By default a quarter of the memory that this process may
    /// use.
    /// </summary>
    public long SessionMemoryLimit { get; init; } =
        Math.Max(LeastMemory, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4);

    /// <summary>Logs the opening and closing of sessions; nothing by default.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    // On other providers the weights are on the device, where ONNX Runtime accepts none from outside.
    internal bool SharesWeights => Provider.Equals("cpu", StringComparison.OrdinalIgnoreCase);
}
