using Microsoft.Extensions.Logging;

namespace OnnxIntervene.Cli.Output;

/// <summary>Writes log lines to the error stream, plain and cleaned.</summary>
/// <param name="error">Where they go.</param>
/// <param name="least">The least level that is written.</param>
internal sealed class TerminalLogger(TerminalWriter error, LogLevel least) : ILogger
{
    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => logLevel >= least;

    /// <inheritdoc/>
    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    )
    {
        if (IsEnabled(logLevel))
            error.WriteLine($"{Word(logLevel)}: {formatter(state, exception)}");
    }

    private static string Word(LogLevel level) =>
        level switch
        {
            LogLevel.Trace or LogLevel.Debug => "debug",
            LogLevel.Information => "info",
            LogLevel.Warning => "warning",
            _ => "error",
        };
}
