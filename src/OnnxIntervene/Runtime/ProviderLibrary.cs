using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Microsoft.ML.OnnxRuntime;

namespace OnnxIntervene.Runtime;

/// <summary>
/// The separate library of an execution provider. ONNX Runtime says only that it does not load, and logs the
/// rest: the system's loader is called again, which names what it did not find.
/// </summary>
internal static partial class ProviderLibrary
{
    // Others are part of onnxruntime itself.
    private static readonly Dictionary<string, string> s_names = new(StringComparer.Ordinal)
    {
        ["CUDAExecutionProvider"] = "cuda",
        ["TensorrtExecutionProvider"] = "tensorrt",
        ["NvTensorRTRTXExecutionProvider"] = "nv_tensorrt_rtx",
        ["ROCMExecutionProvider"] = "rocm",
        ["MIGraphXExecutionProvider"] = "migraphx",
        ["OpenVINOExecutionProvider"] = "openvino",
        ["DnnlExecutionProvider"] = "dnnl",
        ["VitisAIExecutionProvider"] = "vitisai",
        ["QNNExecutionProvider"] = "qnn",
        ["CANNExecutionProvider"] = "cann",
    };

    /// <summary>The file name of a library that the provider needs and that is missing; null when none is.</summary>
    public static string? FindMissing(string provider)
    {
        if (!s_names.TryGetValue(provider, out var name))
            return null;
        var path = PathOf(name);
        if (Path.IsPathRooted(path) && !File.Exists(path))
            return Path.GetFileName(path);
        try
        {
            NativeLibrary.Load(path);
            return null;
        }
        catch (Exception fault) when (fault is DllNotFoundException or BadImageFormatException)
        {
            return MissingIn(fault.Message) ?? $"{Path.GetFileName(path)} (or one that it needs)";
        }
    }

    /// <summary>The library that a loader's message names as missing; null when it names none, as on Windows.</summary>
    public static string? MissingIn(string message)
    {
        var match = LoaderMessage().Match(message);
        return match.Success ? Path.GetFileName(match.Groups["name"].Value) : null;
    }

    /// <summary>Runs an action without ONNX Runtime's log, which would repeat what the exception says.</summary>
    public static void Quietly(Action action)
    {
        var environment = OrtEnvironment.Instance;
        var level = environment.EnvLogLevel;
        environment.EnvLogLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
        try
        {
            action();
        }
        finally
        {
            environment.EnvLogLevel = level;
        }
    }

    // Beside the library of ONNX Runtime that is loaded, wherever the application has it.
    private static string PathOf(string name)
    {
        var (prefix, suffix) = OperatingSystem.IsWindows()
            ? ("", ".dll")
            : ("lib", OperatingSystem.IsMacOS() ? ".dylib" : ".so");
        using var process = Process.GetCurrentProcess();
        var runtime = process
            .Modules.Cast<ProcessModule>()
            .FirstOrDefault(module =>
                module.ModuleName.StartsWith($"{prefix}onnxruntime{suffix}", StringComparison.OrdinalIgnoreCase)
            );
        return Path.Combine(
            Path.GetDirectoryName(runtime?.FileName) ?? "",
            $"{prefix}onnxruntime_providers_{name}{suffix}"
        );
    }

    // glibc, musl, macOS.
    [GeneratedRegex(
        """
            (?<name>[^\s:]+):\ cannot\ open\ shared\ object\ file
            | Error\ loading\ shared\ library\ (?<name>[^\s:]+):
            | Library\ not\ loaded:\ (?<name>\S+)
            """,
        RegexOptions.IgnorePatternWhitespace
    )]
    private static partial Regex LoaderMessage();
}
