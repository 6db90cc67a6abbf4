using System.Security.Cryptography;
using System.Text;

namespace OnnxIntervene.Hub;

/// <summary>The hashes that the Hub names contents by.</summary>
internal static class HubHash
{
    private const int BufferSize = 1 << 20;
    private const int CommitLength = 40;
    private const int LargeLength = 64;

    /// <summary>Whether a text is a commit's hash.</summary>
    public static bool IsCommit(string text) => text.Length == CommitLength && IsHexadecimal(text);

    /// <summary>Whether a text can be the hash of a file's contents.</summary>
    public static bool IsHash(string text, bool isLarge) =>
        text.Length == (isLarge ? LargeLength : CommitLength) && IsHexadecimal(text);

    /// <summary>The hash of a file on disk as the Hub computes it.</summary>
    public static async Task<string> OfAsync(string path, bool isLarge, CancellationToken cancellation)
    {
        var (large, plain) = await BothAsync(path, cancellation);
        return isLarge ? large : plain;
    }

    /// <summary>
    /// SHA-256, and git's hash of a blob: SHA-1 over a header and the contents (git-scm.com/book, Git Objects).
    /// </summary>
    public static async Task<(string Large, string Plain)> BothAsync(string path, CancellationToken cancellation)
    {
        await using var stream = new FileStream(
            path,
            FileMode.Open,
            FileAccess.Read,
            FileShare.Read,
            BufferSize,
            useAsync: true
        );
        using var large = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var plain = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        plain.AppendData(Encoding.ASCII.GetBytes($"blob {stream.Length}\0"));
        var buffer = new byte[BufferSize];
        while (await stream.ReadAsync(buffer, cancellation) is var count && count > 0)
        {
            large.AppendData(buffer, 0, count);
            plain.AppendData(buffer, 0, count);
        }

        return (Convert.ToHexStringLower(large.GetHashAndReset()), Convert.ToHexStringLower(plain.GetHashAndReset()));
    }

    private static bool IsHexadecimal(string text) =>
        text.All(character => character is (>= '0' and <= '9') or (>= 'a' and <= 'f'));
}
