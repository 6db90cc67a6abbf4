using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.ML.OnnxRuntime;

namespace OnnxIntervene.Runtime;

/// <summary>
/// ONNX Runtime's log lines, each in the logger of the session that it is about. Lines about no session go to the
/// logger of the session that was opened last.
/// </summary>
internal static class OrtLog
{
    private const string Prefix = "intervene-";
    private static readonly ConcurrentDictionary<long, ILogger> s_loggers = new();
    private static readonly EventId s_event = new(1, "OnnxRuntime");
    private static long s_count;
    private static ILogger? s_last;

    /// <summary>What ONNX Runtime calls for each line. Kept here so that it is never collected.</summary>
    public static DOrtLoggingFunction Function { get; } = Write;

    /// <summary>Names a session's log.</summary>
    /// <param name="settings">The settings that the session is opened with.</param>
    /// <param name="logger">Where its lines go.</param>
    /// <returns>What ends the log when the session is closed.</returns>
    public static IDisposable Open(SessionOptions settings, ILogger logger)
    {
        var number = Interlocked.Increment(ref s_count);
        s_loggers[number] = s_last = logger;
        settings.LogId = Prefix + number.ToString(CultureInfo.InvariantCulture);
        return new OpenLog(number);
    }

    // A run's log is named after its session: the session's name comes first.
    private static ILogger? Find(string name)
    {
        var digits = name.StartsWith(Prefix, StringComparison.Ordinal) ? name.AsSpan(Prefix.Length) : [];
        var end = digits.IndexOfAnyExceptInRange('0', '9');
        return long.TryParse(end < 0 ? digits : digits[..end], CultureInfo.InvariantCulture, out var number)
            ? s_loggers.GetValueOrDefault(number)
            : s_last;
    }

    private static void Write(
        nint parameter,
        OrtLoggingLevel severity,
        string category,
        string name,
        string location,
        string message
    )
    {
        if (Find(name) is not { } logger)
            return;
        var level = LevelOf(severity);
        if (logger.IsEnabled(level))
            logger.Log(level, s_event, "ONNX Runtime: {Message} ({Location})", message, location);
    }

    // What ONNX Runtime logs as an error also ends the call with an exception that says the same.
    private static LogLevel LevelOf(OrtLoggingLevel severity) =>
        severity switch
        {
            OrtLoggingLevel.ORT_LOGGING_LEVEL_WARNING => LogLevel.Warning,
            OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR => LogLevel.Information,
            OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL => LogLevel.Critical,
            _ => LogLevel.Debug,
        };

    private sealed class OpenLog(long number) : IDisposable
    {
        public void Dispose() => s_loggers.TryRemove(number, out _);
    }
}
