using OnnxIntervene.Cli.Output;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Reads what the user says, a line at a time; asks for it where somebody sits at a terminal.</summary>
/// <param name="reader">Where lines come from.</param>
/// <param name="isInteractive">Whether somebody sits there.</param>
/// <param name="error">Where it is asked for.</param>
internal sealed class ChatInput(TextReader reader, bool isInteractive, TerminalWriter error)
{
    // A message that no context holds; a stream without line ends must not fill the memory.
    private const int LongestLine = 1 << 24;

    /// <summary>Whether somebody sits at a terminal.</summary>
    public bool IsInteractive => isInteractive;

    /// <summary>The next line; null at the end.</summary>
    /// <exception cref="OperationCanceledException">The conversation is to end.</exception>
    /// <exception cref="IR.InterventionException">The line is too long.</exception>
    public async Task<string?> NextAsync(CancellationToken cancellation)
    {
        if (isInteractive)
            error.Write($"> ");
        // Nothing ends the reading of a terminal; whoever leaves does not wait for it.
        return await Task.Run(() => isInteractive ? reader.ReadLine() : ReadLine(), cancellation)
            .WaitAsync(cancellation)
            .ConfigureAwait(false);
    }

    private string? ReadLine()
    {
        var line = new System.Text.StringBuilder();
        int unit;
        while ((unit = reader.Read()) is not (-1 or '\n'))
        {
            if (line.Length == LongestLine)
                throw new IR.InterventionException($"A line of the input has more than {LongestLine} characters.");
            line.Append((char)unit);
        }

        return unit == -1 && line.Length == 0 ? null : line.ToString().TrimEnd('\r');
    }
}
