using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Files;
using OnnxIntervene.Json;

namespace OnnxIntervene.Components.MapFiles;

/// <summary>
/// Keeps what checks found, in the user's cache folder: <c>ONNX_INTERVENE_CACHE</c>, else <c>onnx-intervene</c> in
/// <c>XDG_CACHE_HOME</c> or <c>~/.cache</c>. A record is found by its model file's length and SHA-256.
/// </summary>
public static class CheckRecordFile
{
    private const string Extension = ".json";
    private const int HashLength = 32;

    /// <summary>What was found of a model the last time that it was checked.</summary>
    /// <exception cref="IOException">The model file or a record cannot be read.</exception>
    /// <exception cref="ModelFormatException">A record is not JSON, or not one of ours.</exception>
    public static CheckRecord Find(string modelPath)
    {
        ArgumentNullException.ThrowIfNull(modelPath);
        var folder = Folder();
        var length = new FileInfo(modelPath).Length;
        // Most models were never checked, and hashing takes a second for each gigabyte.
        if (!Directory.Exists(folder) || !Directory.EnumerateFiles(folder, Prefix(length) + "*").Any())
            return CheckRecord.None;
        var path = PathOf(folder, modelPath, length);
        return File.Exists(path) ? Read(path) : CheckRecord.None;
    }

    /// <summary>Keeps what a check found, in place of what was found before.</summary>
    /// <returns>The record's path.</returns>
    /// <exception cref="IOException">The record cannot be written.</exception>
    public static string Write(string modelPath, CheckRecord record)
    {
        ArgumentNullException.ThrowIfNull(modelPath);
        ArgumentNullException.ThrowIfNull(record);
        var path = PathOf(Folder(), modelPath, new FileInfo(modelPath).Length);
        PendingFile.Write(path, stream => Write(stream, record));
        return path;
    }

    private static string Folder()
    {
        if (Environment.GetEnvironmentVariable("ONNX_INTERVENE_CACHE") is { Length: > 0 } own)
            return Path.Combine(own, "checks");
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } given
            ? given
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return Path.Combine(cache, "onnx-intervene", "checks");
    }

    private static string Prefix(long length) => string.Create(CultureInfo.InvariantCulture, $"{length}-");

    private static string PathOf(string folder, string modelPath, long length)
    {
        using var stream = RegularFile.Open(modelPath, message => new ModelFormatException(message));
        var hash = Convert.ToHexStringLower(SHA256.HashData(stream))[..HashLength];
        return Path.Combine(folder, Prefix(length) + hash + Extension);
    }

    private static void Write(Stream stream, CheckRecord record)
    {
        using var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        writer.WriteStartObject();
        writer.WriteStartArray("components");
        foreach (var item in record.Components)
        {
            writer.WriteStartObject();
            writer.WriteNumber("layer", item.Address.Layer);
            writer.WriteString("component", item.Address.FullName);
            writer.WriteString("place", item.Place);
            if (item.Contradiction is { } reason)
                writer.WriteString("contradiction", reason);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static CheckRecord Read(string path)
    {
        var root = JsonText.Read(path, JsonSource.File(path));
        return new CheckRecord([.. root["components"].Items("a list of components").Select(Component)]);
    }

    private static CheckedComponent Component(JsonPlace item) =>
        new(
            ComponentAddress.Parse(item["layer"].Integer(0), item["component"].Text()),
            item["place"].Text(),
            item.Find("contradiction")?.Text()
        );
}
