using System.Collections.Immutable;
using System.Text;
using OnnxIntervene.IR;
using OnnxIntervene.Json;

namespace OnnxIntervene.Studies.Grids;

/// <summary>The command that began a journal of cells, which its first line holds.</summary>
public static class JournalCommand
{
    private const int LongestLine = 1 << 16;

    /// <summary>The command's words, without the tool's name; none where a program began the journal.</summary>
    /// <param name="path">The journal.</param>
    /// <exception cref="ModelFormatException">The file does not begin with a journal's first line.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ImmutableArray<string> Of(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        using var file = RegularFile.Open(path, message => new ModelFormatException(message));
        var bytes = new byte[LongestLine];
        var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        var end = Array.IndexOf(bytes, (byte)'\n', 0, length);
        if (end < 0)
            throw new ModelFormatException($"'{path}' is not a journal of cells: its first line has no end.");
        var header = JsonText.Parse(Encoding.UTF8.GetString(bytes, 0, end), JsonSource.File($"'{path}', line 1"));
        return [.. header["command"].Items("the command's words").Select(word => word.Text())];
    }
}
