using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace OnnxIntervene.Runtime;

/// <summary>
/// The one environment of ONNX Runtime in this process: without telemetry, and with its log in our own loggers. An
/// application that made the environment before keeps its own log.
/// </summary>
internal static class OrtEnvironment
{
    // Since 1.29 ONNX Runtime's builds for Linux and macOS send usage data, and keep a device's id and a database of
    // events in the user's cache folder, unless this variable is set before the library starts.
    private const string TelemetryVariable = "ORT_DISABLE_TELEMETRY";

    private static readonly Lazy<OrtEnv> s_instance = new(Create);

    /// <summary>The environment; it is made when it is first asked for.</summary>
    /// <exception cref="ExecutionException">The application has no native library of ONNX Runtime.</exception>
    public static OrtEnv Instance
    {
        get
        {
            try
            {
                return s_instance.Value;
            }
            catch (TypeInitializationException fault)
                when (fault.InnerException is DllNotFoundException or EntryPointNotFoundException)
            {
                throw new ExecutionException(
                    "The native library of ONNX Runtime is missing, or too old. The application chooses it: "
                        + "reference the package Microsoft.ML.OnnxRuntime, or Microsoft.ML.OnnxRuntime.Gpu for CUDA.",
                    fault
                );
            }
        }
    }

    private static OrtEnv Create()
    {
        SwitchTelemetryOff();
        var isOurs = !OrtEnv.IsCreated;
        var environment = isOurs ? WithOwnLog() : OrtEnv.Instance();
        environment.DisableTelemetryEvents();
        return environment;
    }

    private static OrtEnv WithOwnLog()
    {
        var options = new EnvironmentCreationOptions
        {
            logId = "onnx-intervene",
            logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_WARNING,
            loggingFunction = OrtLog.Function,
        };
        return OrtEnv.CreateInstanceWithOptions(ref options);
    }

    // .NET keeps an environment of its own, which native code does not see.
    private static void SwitchTelemetryOff()
    {
        if (OperatingSystem.IsWindows())
            return;
        _ = SetVariable(TelemetryVariable, "1", 1);
    }

    [DllImport("libc", EntryPoint = "setenv")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetVariable(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string name,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string value,
        int overwrite
    );
}
