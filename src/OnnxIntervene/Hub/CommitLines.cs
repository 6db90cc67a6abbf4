using System.Text.Json;
using OnnxIntervene.IR;

namespace OnnxIntervene.Hub;

/// <summary>
/// A commit as the Hub reads it: a line of JSON for the message, and one for each file (huggingface.co/docs/hub/api,
/// ndjson).
/// </summary>
internal static class CommitLines
{
    private const long LargestTotal = 256L << 20;

    /// <summary>The lines as UTF-8. Contents of files that are not large are in them.</summary>
    public static byte[] Of(string message, string parent, IReadOnlyList<HashedFile> files)
    {
        var total = files.Where(file => !file.IsLarge).Sum(file => file.Size);
        if (total > LargestTotal)
        {
            throw new InterventionException(
                $"{total} bytes would go into one commit besides the large files; the limit is {LargestTotal}. "
                    + "Push in parts with --include, or let .gitattributes keep those files as large ones."
            );
        }

        using var lines = new MemoryStream();
        Write(
            lines,
            "header",
            new
            {
                summary = message,
                description = "",
                parentCommit = parent,
            }
        );
        foreach (var file in files)
        {
            if (file.IsLarge)
                Write(
                    lines,
                    "lfsFile",
                    new
                    {
                        path = file.Path,
                        algo = "sha256",
                        oid = file.Large,
                        size = file.Size,
                    }
                );
            else
                Write(
                    lines,
                    "file",
                    new
                    {
                        content = Convert.ToBase64String(File.ReadAllBytes(file.FullPath)),
                        path = file.Path,
                        encoding = "base64",
                    }
                );
        }

        return lines.ToArray();
    }

    private static void Write<T>(Stream lines, string key, T value)
    {
        JsonSerializer.Serialize(lines, new { key, value });
        lines.WriteByte((byte)'\n');
    }
}
