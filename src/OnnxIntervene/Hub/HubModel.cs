using OnnxIntervene.IR;

namespace OnnxIntervene.Hub;

/// <summary>Finds a model's file, wherever it is.</summary>
public static class HubModel
{
    /// <summary>
    /// The path of a model's .onnx file in the cache, after pulling what is missing. Blocks until then.
    /// </summary>
    /// <param name="reference">A reference such as <c>hf:owner/name</c>.</param>
    /// <param name="options">Which Hub and which cache.</param>
    /// <param name="progress">Receives how far each file's transfer is.</param>
    /// <exception cref="InterventionException">
    /// The text is not a reference, or the repository holds no model, or several.
    /// </exception>
    /// <exception cref="HubException">
    /// There is no such repository, the token is not enough, the Hub cannot be reached, or it sends what it did not
    /// list.
    /// </exception>
    /// <exception cref="IOException">The disk has no room, or a file cannot be written.</exception>
    public static string Locate(string reference, HubOptions options, IProgress<HubProgress>? progress = null)
    {
        var parsed = HubReference.Parse(reference);
        using var client = new HubClient(options);

        // On another thread, so that a caller's synchronization context cannot deadlock.
        return Task.Run(() => client.ModelAsync(parsed, progress)).GetAwaiter().GetResult();
    }
}
