using Microsoft.Extensions.Logging;
using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;

namespace OnnxIntervene.Runtime;

/// <summary>Opens ONNX Runtime sessions.</summary>
internal static class SessionFactory
{
    private const string WeightsFolderKey = "session.model_external_initializers_file_folder_path";

    /// <summary>A session of a model in memory whose weights stay in their files. The caller disposes it.</summary>
    /// <exception cref="InterventionException">This build has no such execution provider.</exception>
    /// <exception cref="ExecutionException">
    /// The provider does not load, or ONNX Runtime cannot open the model.
    /// </exception>
    public static InferenceSession Open(Model model, ExecutionOptions options)
    {
        var file = OnnxFile.Reference(model);
        using var session = Settings(options);
        if (file.WeightsFolder is { } folder)
            session.AddSessionConfigEntry(WeightsFolderKey, folder);
        return Guard(() => new InferenceSession(file.Bytes.ToArray(), session), options.Provider);
    }

    /// <summary>A session whose weights other sessions of the same files use too. The caller disposes it.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">How ONNX Runtime runs it.</param>
    /// <param name="weights">The weights that sessions share; null where this one has its own.</param>
    /// <exception cref="InterventionException">This build has no such execution provider.</exception>
    /// <exception cref="ExecutionException">
    /// The provider does not load, or ONNX Runtime cannot open the model.
    /// </exception>
    internal static OrtSession OpenShared(Model model, ExecutionOptions options, SharedWeights? weights)
    {
        var file = OnnxFile.Reference(model);
        using var settings = Settings(options);
        if (file.WeightsFolder is { } folder)
            settings.AddSessionConfigEntry(WeightsFolderKey, folder);
        var log = OrtLog.Open(settings, options.Logger);
        try
        {
            var session = Guard(() => Open(file.Bytes.ToArray(), settings, file.Referenced, weights), options.Provider);
            return new OrtSession(session, OrtMemoryInfo.DefaultInstance, options, log);
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    private static InferenceSession Open(
        byte[] model,
        SessionOptions settings,
        IEnumerable<Value> referenced,
        SharedWeights? weights
    )
    {
        if (weights is null)
            return new InferenceSession(model, settings);
        weights.AddTo(settings, referenced);
        return weights.ReleaseDuring(() => new InferenceSession(model, settings, weights.Packed));
    }

    /// <summary>A session of a model file as it is. The caller disposes it.</summary>
    /// <exception cref="InterventionException">This build has no such execution provider.</exception>
    /// <exception cref="ExecutionException">
    /// The provider does not load, or ONNX Runtime cannot open the model.
    /// </exception>
    public static InferenceSession Open(string path, ExecutionOptions options)
    {
        using var session = Settings(options);
        return Guard(() => new InferenceSession(path, session), options.Provider);
    }

    private static InferenceSession Guard(Func<InferenceSession> open, string provider)
    {
        try
        {
            return open();
        }
        catch (OnnxRuntimeException fault) when (fault.Message.Contains("NotImplemented", StringComparison.Ordinal))
        {
            throw new ExecutionException(
                $"The execution provider '{provider}' cannot compute all of the model, perhaps for its element "
                    + $"types (BFloat16 among them): {fault.Message}. "
                    + "Choose another provider, or convert the model to 32-bit floats.",
                fault,
                provider
            );
        }
        catch (OnnxRuntimeException fault)
        {
            throw new ExecutionException(
                $"ONNX Runtime cannot open the model with the execution provider '{provider}': {fault.Message}",
                fault,
                provider
            );
        }
    }

    private static SessionOptions Settings(ExecutionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _ = OrtEnvironment.Instance;
        var settings = new SessionOptions { LogSeverityLevel = SeverityOf(options.Logger) };
        try
        {
            if (options.Threads is { } threads)
                settings.IntraOpNumThreads = threads;
            ExecutionProviders.Append(settings, options.Provider);
            return settings;
        }
        catch
        {
            settings.Dispose();
            throw;
        }
    }

    // ONNX Runtime warns of much that nobody needs to know, such as a provider that leaves nodes to another.
    private static OrtLoggingLevel SeverityOf(ILogger logger) =>
        logger.IsEnabled(LogLevel.Debug)
            ? OrtLoggingLevel.ORT_LOGGING_LEVEL_WARNING
            : OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR;
}
