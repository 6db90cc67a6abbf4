using System.Collections.Immutable;
using System.Text.Json;
using OnnxIntervene.IR;

namespace OnnxIntervene.Formats;

/// <summary>What an adapter_config.json says that changes numbers.</summary>
internal sealed record LoraConfig(
    double Alpha,
    bool HasRootScale,
    ImmutableArray<KeyValuePair<string, double>> AlphaPattern
)
{
    private const long LargestFile = 1 << 20;

    // Each would change the numbers in a way that B A x does not describe. False, null, empty and "none" are their
    // defaults.
    private static readonly string[] s_refused =
    [
        "use_dora",
        "use_qalora",
        "modules_to_save",
        "trainable_token_indices",
        "target_parameters",
        "alora_invocation_tokens",
    ];

    public static LoraConfig Read(string path)
    {
        if (!File.Exists(path) || new FileInfo(path).Length > LargestFile)
            throw new ModelFormatException($"'{path}' is missing or larger than {LargestFile} bytes.");
        using var json = StrictJson.Parse(
            File.ReadAllText(path),
            (what, cause) => new ModelFormatException($"'{path}' {what}", cause)
        );
        return Parse(json.RootElement, path);
    }

    /// <summary>The scale for a module, by its path and its rank. A pattern names the end of a path.</summary>
    public double Scale(string module, int rank)
    {
        var alpha = Alpha;
        foreach (var (pattern, special) in AlphaPattern.Reverse())
        {
            if (
                module == pattern.TrimStart('^')
                || (pattern[0] != '^' && module.EndsWith($".{pattern}", StringComparison.Ordinal))
            )
                alpha = special;
        }

        return alpha / (HasRootScale ? Math.Sqrt(rank) : rank);
    }

    private static LoraConfig Parse(JsonElement json, string path)
    {
        if (json.ValueKind != JsonValueKind.Object)
            throw new ModelFormatException($"'{path}' is not a JSON object.");
        if (
            !json.TryGetProperty("peft_type", out var kind)
            || kind.ValueKind != JsonValueKind.String
            || kind.GetString() != "LORA"
        )
            throw new ModelFormatException($"'{path}': peft_type is '{kind}'; only LORA is supported.");
        if (json.TryGetProperty("bias", out var bias) && bias.ToString() is not ("" or "none"))
            throw new ModelFormatException($"'{path}' trains biases ('{bias}'), which are not supported.");
        if (s_refused.FirstOrDefault(name => json.TryGetProperty(name, out var option) && IsSet(option)) is { } refused)
            throw new ModelFormatException(
                $"'{path}' sets '{refused}', which is not supported. Merge the adapter into the model instead."
            );
        return new LoraConfig(
            Number(json, "lora_alpha", path),
            json.TryGetProperty("use_rslora", out var root) && root.ValueKind == JsonValueKind.True,
            Pattern(json, path)
        );
    }

    private static bool IsSet(JsonElement option) =>
        option.ValueKind switch
        {
            JsonValueKind.Null or JsonValueKind.False => false,
            JsonValueKind.Array => option.GetArrayLength() > 0,
            JsonValueKind.Object => option.EnumerateObject().Any(),
            _ => true,
        };

    private static double Number(JsonElement json, string name, string path) =>
        json.TryGetProperty(name, out var number)
        && number.ValueKind == JsonValueKind.Number
        && number.TryGetDouble(out var found)
        && double.IsFinite(found)
            ? found
            : throw new ModelFormatException($"'{path}': '{name}' must be a number.");

    private static ImmutableArray<KeyValuePair<string, double>> Pattern(JsonElement json, string path)
    {
        if (!json.TryGetProperty("alpha_pattern", out var patterns) || patterns.ValueKind != JsonValueKind.Object)
            return [];
        return
        [
            .. patterns
                .EnumerateObject()
                .Select(pattern =>
                    IsPlain(pattern.Name)
                        ? new KeyValuePair<string, double>(pattern.Name, Number(patterns, pattern.Name, path))
                        : throw new ModelFormatException(
                            $"'{path}': alpha_pattern has the regular expression '{pattern.Name}'; only paths of "
                                + $"modules are read."
                        )
                ),
        ];
    }

    private static bool IsPlain(string pattern) =>
        pattern.TrimStart('^') is { Length: > 0 } name
        && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '.');
}
