using System.Globalization;
using OnnxIntervene.IR.Files;

namespace OnnxIntervene.IR.Serialization;

/// <summary>
/// Finds the files that external tensors name. A location is relative to the model's folder and may not leave it
/// (<see cref="FolderBoundary"/>).
/// </summary>
internal sealed class ExternalDataLocator(string? modelPath)
{
    private readonly Dictionary<string, (string Path, long Length)> _known = new(StringComparer.Ordinal);
    private readonly FolderBoundary? _boundary = modelPath is null ? null : FolderBoundary.Around(modelPath);

    /// <summary>The span that a tensor's <c>external_data</c> entries describe.</summary>
    /// <exception cref="ModelFormatException">
    /// The location leaves the folder, the file is missing, or the span is not in it.
    /// </exception>
    public FileSpan Locate(IReadOnlyDictionary<string, string> entries, long expectedLength, WirePlace place)
    {
        if (!entries.TryGetValue("location", out var location) || location.Length == 0)
            throw place.Fault("its data is external, but no location says where.");
        if (!_known.TryGetValue(location, out var file))
            _known.Add(location, file = Find(location, place));
        var offset = Number(entries, "offset", 0, place);
        var length = Number(entries, "length", expectedLength, place);
        if (length != expectedLength)
            throw place.Fault(
                $"its type and shape take {expectedLength} bytes, but the external data is {length} bytes long."
            );
        if (offset > file.Length || length > file.Length - offset)
            throw place.Fault(
                $"bytes {offset} to {offset + length} of '{location}' are needed, but that file has {file.Length} "
                    + $"bytes."
            );
        return new FileSpan(file.Path, offset, length);
    }

    private (string Path, long Length) Find(string location, WirePlace place)
    {
        if (_boundary is null)
            throw place.Fault($"its data is in '{location}', but the model has no folder.");
        if (Path.IsPathRooted(location) || location.Contains('\0', StringComparison.Ordinal))
            throw place.Fault($"its data is in '{location}', which is not a path inside the model's folder.");
        var direct = Path.GetFullPath(Path.Combine(_boundary.Folder, location));
        if (!_boundary.Includes(direct))
            throw place.Fault($"its data is in '{location}', which leaves the model's folder.");
        if (!File.Exists(direct))
            throw place.Fault($"its data is in '{location}', but there is no such file beside the model.");
        var real = FolderBoundary.RealPath(direct);
        if (!_boundary.Holds(real))
            throw place.Fault($"its data are in '{location}', a link that leaves the model's folder.");
        RegularFile.Check(real, message => place.Fault($"its data are in '{location}'. {message}"));
        using var stream = new FileStream(real, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        if (ForeignContents.Stray(stream) is { } stray)
            throw place.Fault($"its data are in '{location}', which is {stray}.");
        return (real, stream.Length);
    }

    private static long Number(IReadOnlyDictionary<string, string> entries, string key, long otherwise, WirePlace place)
    {
        if (!entries.TryGetValue(key, out var text))
            return otherwise;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw place.Fault($"the {key} of its external data is '{text}', which is not a number.");
    }
}
