namespace OnnxIntervene.Cli.Output;

/// <summary>
/// The one way from the program to a terminal, a file or a pipe: what comes from strangers is cleaned, see
/// <see cref="TerminalText"/>.
/// </summary>
internal sealed class TerminalWriter(TextWriter writer)
{
    /// <summary>An empty line.</summary>
    public void WriteLine() => writer.WriteLine();

    /// <summary>A line; what is filled in is cleaned.</summary>
    public void WriteLine(TerminalText text) => writer.WriteLine(text.ToString());

    /// <summary>A text of which nothing is known, cleaned line by line.</summary>
    public void WriteLine(string text) => writer.WriteLine(TerminalText.CleanLines(text));

    /// <summary>JSON, which has escapes of its own.</summary>
    public void WriteJson(string json) => writer.WriteLine(json);

    /// <summary>A piece of a line that is wiped later; what is filled in is cleaned.</summary>
    public void Write(TerminalText text) => writer.Write(text.ToString());

    /// <summary>A piece of a text that grows, cleaned; line feeds stay.</summary>
    public void WritePart(string text)
    {
        writer.Write(string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(TerminalText.Clean)));
        writer.Flush();
    }

    /// <summary>Whether somebody watches this stream.</summary>
    public bool IsWatched =>
        (ReferenceEquals(writer, Console.Error) && !Console.IsErrorRedirected)
        || (ReferenceEquals(writer, Console.Out) && !Console.IsOutputRedirected);

    /// <summary>Takes back an unfinished line, where somebody watches.</summary>
    public void WipeLine()
    {
        if (IsWatched)
            writer.Write("\r\u001b[K");
    }
}
