using System.Security.Cryptography;
using OnnxIntervene.IR;

namespace OnnxIntervene.Execution;

/// <summary>What tells a model's file from others, for work that goes on where it was ended.</summary>
internal static class ModelIdentity
{
    private const int Samples = 64;
    private const int SampleBytes = 4096;

    /// <summary>
    /// The file's SHA-256, and of weights beside it the length and a few parts, which costs nothing and tells a model
    /// from the same one trained further.
    /// </summary>
    /// <param name="path">The model's file.</param>
    /// <exception cref="ModelFormatException">It is no file.</exception>
    public static string At(string path)
    {
        using var stream = RegularFile.Open(path, message => new ModelFormatException(message));
        var graph = Convert.ToHexStringLower(SHA256.HashData(stream));
        var weights = Directory
            .EnumerateFiles(Path.GetDirectoryName(Path.GetFullPath(path))!, Path.GetFileName(path) + "?*")
            .Order(StringComparer.Ordinal)
            .Select(Sampled);
        return $"{graph} {string.Join(',', weights)}";
    }

    private static string Sampled(string path)
    {
        using var stream = RegularFile.Open(path, message => new ModelFormatException(message));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[SampleBytes];
        for (var number = 0; number < Samples; number++)
        {
            stream.Position = stream.Length / Samples * number;
            hash.AppendData(buffer.AsSpan(0, stream.ReadAtLeast(buffer, SampleBytes, throwOnEndOfStream: false)));
        }

        return $"{stream.Length} {Convert.ToHexStringLower(hash.GetHashAndReset())}";
    }
}
