using System.Collections.Immutable;
using System.Security.Cryptography;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Grids;

namespace OnnxIntervene.Comparing;

/// <summary>What tells a comparison from others: both files, the examples and the components.</summary>
internal static class ComparisonIdentity
{
    /// <summary>The first 16 bytes of the SHA-256 of all that, as hexadecimal digits.</summary>
    public static string Of(
        string a,
        string b,
        ImmutableArray<ModelInputs> examples,
        ImmutableArray<ComponentAddress> addresses
    )
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        StudyIdentity.Add(hash, ModelIdentity.At(a));
        StudyIdentity.Add(hash, ModelIdentity.At(b));
        foreach (var address in addresses)
            StudyIdentity.Add(hash, address.ToString());
        foreach (
            var (name, array) in examples.SelectMany(example =>
                example.Arrays.OrderBy(item => item.Key, StringComparer.Ordinal)
            )
        )
        {
            StudyIdentity.Add(hash, name);
            StudyIdentity.Add(hash, array);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }
}
