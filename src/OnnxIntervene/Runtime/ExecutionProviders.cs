using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.IR;

namespace OnnxIntervene.Runtime;

/// <summary>The execution providers of the application's ONNX Runtime.</summary>
public static class ExecutionProviders
{
    private const string Cpu = "cpu";
    private const string Suffix = "ExecutionProvider";

    /// <summary>The version of ONNX Runtime's native library.</summary>
    /// <exception cref="ExecutionException">The application has no native library of ONNX Runtime.</exception>
    public static string RuntimeVersion => OrtEnvironment.Instance.GetVersionString();

    /// <summary>
    /// Tries each provider of this build with a model of one addition. Loads their libraries: milliseconds to seconds.
    /// </summary>
    /// <exception cref="ExecutionException">The application has no native library of ONNX Runtime.</exception>
    public static ImmutableArray<ExecutionProviderStatus> Probe() =>
        [.. OrtEnvironment.Instance.GetAvailableProviders().Select(Probe)];

    /// <summary>Lets a session use a provider, after checking that this build has it and that it loads.</summary>
    internal static void Append(SessionOptions settings, string provider)
    {
        var available = OrtEnvironment.Instance.GetAvailableProviders();
        var fullName =
            available.FirstOrDefault(name => IsNamed(name, provider))
            ?? throw new InterventionException(
                $"The execution provider '{provider}' is not in this build of ONNX Runtime. "
                    + $"Available: {string.Join(", ", available.Select(ShortName))}."
            );
        if (ShortName(fullName) == Cpu)
            return;
        try
        {
            ProviderLibrary.Quietly(() => Add(settings, fullName));
        }
        catch (Exception fault)
            when (fault is OnnxRuntimeException or EntryPointNotFoundException or NotSupportedException)
        {
            throw Refusal(fullName, fault);
        }
    }

    private static ExecutionProviderStatus Probe(string fullName)
    {
        var name = ShortName(fullName);
        try
        {
            ProviderProbe.Run(name);
            return new ExecutionProviderStatus(name, fullName);
        }
        catch (ExecutionException fault)
        {
            return new ExecutionProviderStatus(name, fullName, fault.Message, ProviderLibrary.FindMissing(fullName));
        }
    }

    // The general call accepts neither the oldest providers nor names in lower case.
    private static void Add(SessionOptions settings, string fullName)
    {
        switch (ShortName(fullName))
        {
            case "cuda":
                settings.AppendExecutionProvider_CUDA();
                break;
            case "tensorrt":
                settings.AppendExecutionProvider_Tensorrt();
                break;
            case "rocm":
                settings.AppendExecutionProvider_ROCm();
                break;
            case "dnnl":
                settings.AppendExecutionProvider_Dnnl();
                break;
            case "nnapi":
                settings.AppendExecutionProvider_Nnapi();
                break;
            default:
                settings.AppendExecutionProvider(fullName);
                break;
        }
    }

    private static ExecutionException Refusal(string fullName, Exception fault)
    {
        var reason = ProviderLibrary.FindMissing(fullName) is { } missing
            ? $"the library {missing} is missing. Install it where the system looks for libraries, or choose"
            : $"{fault.Message} Choose";
        return new ExecutionException(
            $"The execution provider '{ShortName(fullName)}' does not load: {reason} another provider, such as {Cpu}.",
            fault,
            ShortName(fullName)
        );
    }

    private static bool IsNamed(string fullName, string provider) =>
        provider.Equals(fullName, StringComparison.OrdinalIgnoreCase)
        || provider.Equals(ShortName(fullName), StringComparison.OrdinalIgnoreCase);

    private static string ShortName(string fullName) =>
        fullName.Replace(Suffix, "", StringComparison.Ordinal).ToLowerInvariant();
}
