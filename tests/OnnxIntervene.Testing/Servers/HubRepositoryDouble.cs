using System.Security.Cryptography;
using System.Text;

namespace OnnxIntervene.Testing.Servers;

/// <summary>A repository of a Hub on this machine.</summary>
public sealed class HubRepositoryDouble
{
    private static readonly string[] s_largeKinds = [".onnx", ".onnx_data", ".safetensors", ".bin"];

    /// <summary>The branch main's files.</summary>
    public SortedDictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>The branches that there are.</summary>
    public HashSet<string> Branches { get; } = ["main"];

    /// <summary>The token that is needed; null for none.</summary>
    public string? Token { get; set; }

    public bool IsGated { get; set; }

    public bool IsPrivate { get; set; }

    /// <summary>Sizes that the list gives in place of the true ones.</summary>
    public Dictionary<string, long> ListedSizes { get; } = [];

    /// <summary>Summaries of the commits.</summary>
    public List<string> Messages { get; } = [];

    /// <summary>The newest commit.</summary>
    public string Commit => Convert.ToHexStringLower(SHA1Of(Encoding.ASCII.GetBytes($"commit {Messages.Count}")));

    public static bool IsLarge(string path) => s_largeKinds.Contains(Path.GetExtension(path));

    /// <summary>The hash that the Hub's tags hold.</summary>
    public static string Hash(string path, byte[] content) =>
        IsLarge(path)
            ? Convert.ToHexStringLower(SHA256.HashData(content))
            : Convert.ToHexStringLower(SHA1Of([.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]));

    private static byte[] SHA1Of(byte[] bytes)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(bytes);
        return hash.GetHashAndReset();
    }
}
