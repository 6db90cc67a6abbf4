using System.Globalization;
using OnnxIntervene.IR;

namespace OnnxIntervene.Json;

/// <summary>Files of JSON Lines (jsonlines.org): a value on each line; empty lines are passed over.</summary>
internal static class JsonLines
{
    /// <summary>The lines of a file, and how messages name them.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limit">The most bytes that it may have.</param>
    /// <exception cref="ModelFormatException">It is no file, or too large.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static IEnumerable<(string Text, string Name)> Read(string path, long limit)
    {
        var lines = RegularFile.ReadText(path, limit, message => new ModelFormatException(message)).Split('\n');
        for (var number = 1; number <= lines.Length; number++)
        {
            if (!string.IsNullOrWhiteSpace(lines[number - 1]))
                yield return (
                    lines[number - 1].TrimEnd('\r'),
                    string.Create(CultureInfo.InvariantCulture, $"'{path}', line {number}")
                );
        }
    }
}
