using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using OnnxIntervene.IR;
using OnnxIntervene.Json;

namespace OnnxIntervene.Studies.Grids;

/// <summary>
/// The file of a journal that this process writes: JSON Lines, each in one write. Nothing is written before there is
/// something worth keeping, so that what is refused leaves nothing behind.
/// </summary>
internal sealed class JournalWriter : IDisposable
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private readonly string _path;
    private readonly FileStream _file;
    private readonly List<string> _waiting = [];

    /// <summary>Opens a file, or begins one.</summary>
    /// <param name="path">The file; its folder is made when it is missing.</param>
    /// <exception cref="ModelFormatException">The path leads to something that is not a file.</exception>
    /// <exception cref="IOException">The file cannot be written, or another process is writing it.</exception>
    public JournalWriter(string path) => (_path, _file) = (path, JournalFile.OpenToWrite(path));

    /// <summary>A line's text. Numbers that are not finite are texts.</summary>
    public static string Line<T>(T line) => JsonSerializer.Serialize(line, s_options);

    /// <summary>Reads the lines that are there, and cuts off one that was torn off at the end.</summary>
    /// <param name="read">Gets each line with its number, from 1.</param>
    /// <returns>Whether there was any.</returns>
    /// <exception cref="ModelFormatException">A line is not JSON.</exception>
    public bool Read(Action<JsonPlace, int> read)
    {
        var end = 0L;
        foreach (var line in JournalFile.Lines(_file, _path))
        {
            read(line.Place, line.Number);
            end += line.Length;
        }

        _file.SetLength(end);
        _file.Position = end;
        return end > 0;
    }

    /// <summary>Adds a line before the next one that is appended.</summary>
    public void Wait(string line) => _waiting.Add(line);

    /// <summary>Adds a line, and before it those that wait.</summary>
    public void Append(string line)
    {
        foreach (var waiting in _waiting)
            Write(waiting);
        _waiting.Clear();
        Write(line);
    }

    /// <summary>Brings what was written to the disk.</summary>
    public void Flush() => _file.Flush(flushToDisk: true);

    /// <inheritdoc/>
    public void Dispose()
    {
        var isEmpty = _file.Length == 0;
        _file.Dispose();
        if (isEmpty)
            File.Delete(_path);
    }

    // One call for each line, so that no line waits in this process.
    private void Write(string line)
    {
        _file.Write(Encoding.UTF8.GetBytes(line + "\n"));
        _file.Flush();
    }
}
