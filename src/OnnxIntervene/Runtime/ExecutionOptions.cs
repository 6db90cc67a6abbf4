using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OnnxIntervene.IR;

namespace OnnxIntervene.Runtime;

/// <summary>How ONNX Runtime runs a model.</summary>
public sealed record ExecutionOptions
{
    private const long LeastMemory = 256L << 20;
    private const string ThreadsSetting = "OnnxIntervene.Threads";

    /// <summary>The execution provider: <c>cpu</c>, <c>cuda</c>, or any that the runtime in use has.</summary>
    public string Provider { get; init; } = "cpu";

    /// <summary>
    /// How many threads one operator may use; null leaves it to ONNX Runtime, which takes all of the machine's cores
    /// even where a container has fewer. By default what the application's runtime configuration says as
    /// <c>OnnxIntervene.Threads</c>, else null.
    /// </summary>
    public int? Threads { get; init; } = ConfiguredThreads();

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

    // For tests: what may stay on a device is treated as if it were on one, on the CPU too.
    internal bool TakesMemoryForDevice { get; init; }

    // Whether values may be in memory that this process cannot read.
    internal bool HasDevice => TakesMemoryForDevice || !SharesWeights;

    private static int? ConfiguredThreads() =>
        AppContext.GetData(ThreadsSetting) switch
        {
            null => null,
            string text when int.TryParse(text, CultureInfo.InvariantCulture, out var threads) && threads > 0 =>
                threads,
            var other => throw new InterventionException(
                $"The runtime configuration says '{other}' for {ThreadsSetting}; give a number of threads, such as 4."
            ),
        };
}
