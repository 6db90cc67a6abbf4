using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace OnnxIntervene.IR.Files;

/// <summary>
/// Names of weight files that hold the hash of their contents, <c>NAME.HASH.weights</c>: another model's weights
/// never take the place of those that an older file still refers to.
/// </summary>
internal static partial class ContentName
{
    private const int LargestWhole = 16 << 20;
    private const int SampleSize = 64 << 10;
    private const int Samples = 64;

    /// <summary>
    /// The name for a file's contents. Of a large file, which a hard link is to cost nothing, the hash is that of its
    /// length, when it was written, and samples.
    /// </summary>
    public static string Of(string name, string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        return Named(name, stream.Length <= LargestWhole ? SHA256.HashData(stream) : HashSamples(stream));
    }

    /// <summary>The name for a file's contents by the hash of all of them.</summary>
    public static string OfAll(string name, string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        return Named(name, SHA256.HashData(stream));
    }

    /// <summary>Whether a name holds a hash.</summary>
    public static bool IsOne(string name) => Pattern().IsMatch(name);

    private static string Named(string name, byte[] hash)
    {
        var plain = Pattern().Match(name) is { Success: true } match ? match.Groups["name"].Value : name;
        return $"{plain}.{Convert.ToHexStringLower(hash.AsSpan(0, 8))}.weights";
    }

    private static byte[] HashSamples(FileStream stream)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[SampleSize];
        BinaryPrimitives.WriteInt64LittleEndian(buffer, stream.Length);
        BinaryPrimitives.WriteInt64LittleEndian(
            buffer.AsSpan(8),
            File.GetLastWriteTimeUtc(stream.SafeFileHandle).Ticks
        );
        hash.AppendData(buffer, 0, 16);
        for (var sample = 0; sample < Samples; sample++)
        {
            stream.Position = (stream.Length - SampleSize) / (Samples - 1) * sample;
            hash.AppendData(buffer, 0, stream.ReadAtLeast(buffer, SampleSize, throwOnEndOfStream: false));
        }

        return hash.GetHashAndReset();
    }

    [GeneratedRegex(@"^(?<name>.+)\.[0-9a-f]{16}\.weights\z", RegexOptions.Singleline)]
    private static partial Regex Pattern();
}
