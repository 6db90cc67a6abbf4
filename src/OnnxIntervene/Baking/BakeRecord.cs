using System.Collections.Immutable;
using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using OnnxIntervene.Baking.Weights;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;

namespace OnnxIntervene.Baking;

/// <summary>What a baked file says of its making, in its metadata.</summary>
internal static class BakeRecord
{
    /// <summary>The metadata's key.</summary>
    public const string Key = "intervene.bake";

    /// <summary>The key of what the proof found.</summary>
    public const string ProofKey = "intervene.bake.proof";

    private static readonly JsonSerializerOptions s_format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public static KeyValuePair<string, string> Of(IntervenableModel model, BakeRequest request, BakedModel baked) =>
        new(
            Key,
            JsonSerializer.Serialize(
                new
                {
                    Form = request.Folds ? "folded" : "spliced",
                    Numbers = request.Folds ? null : request.Numbers.ToString().ToLowerInvariant(),
                    Interventions = baked.Changes,
                    Removed = baked.Removed.IsEmpty ? null : (ImmutableArray<RemovedUnits>?)baked.Removed,
                    Roundings = baked.Roundings.IsEmpty ? null : (ImmutableArray<WeightRounding>?)baked.Roundings,
                    InterventionFiles = Checksums(request.InterventionFiles),
                    Original = Checksums(Files(model)),
                    request.Command,
                    Version = typeof(BakeRecord)
                        .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
                        ?.InformationalVersion,
                },
                s_format
            )
        );

    /// <summary>What the file is proved on, and how far from the intervened original it is there.</summary>
    public static KeyValuePair<string, string> Proof(ImmutableArray<BakeEvidence> evidence) =>
        new(ProofKey, JsonSerializer.Serialize(evidence, s_format));

    // The model's file and those that hold its weights.
    private static IEnumerable<string> Files(IntervenableModel model) =>
        model
            .Model.Graph.Initializers.Select(value => value.Initializer?.Span?.Path)
            .OfType<string>()
            .Prepend(model.Model.FilePath ?? model.File.Path)
            .Distinct(StringComparer.Ordinal);

    // Weights may lie in folders of one model in files of one name.
    private static SortedDictionary<string, string> Checksums(IEnumerable<string> files)
    {
        var sums = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var same in files.Distinct(StringComparer.Ordinal).GroupBy(file => Path.GetFileName(file)))
        {
            foreach (var file in same)
                sums[same.Count() == 1 ? same.Key : file] = Checksum(file);
        }

        return sums;
    }

    private static string Checksum(string path)
    {
        using var stream = RegularFile.Open(path, message => new ModelFormatException(message));
        return $"sha256:{Convert.ToHexStringLower(SHA256.HashData(stream))}";
    }
}
