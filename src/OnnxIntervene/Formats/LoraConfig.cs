using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Json;

namespace OnnxIntervene.Formats;

/// <summary>What an adapter_config.json says that changes numbers.</summary>
internal sealed record LoraConfig(
    double Alpha,
    bool HasRootScale,
    ImmutableArray<KeyValuePair<string, double>> AlphaPattern
)
{
    // Each would change the numbers in a way that B A x does not say. False, null, empty and "none" are their defaults.
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
        if (!File.Exists(path))
            throw new ModelFormatException($"There is no file '{path}'.");
        return Parse(JsonText.Read(path, JsonSource.File($"'{path}'")).WithObject());
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

    private static LoraConfig Parse(JsonPlace json)
    {
        if (json["peft_type"] is var kind && kind.Text("the text LORA") != "LORA")
            throw kind.Fault($"only LORA is read, not {kind.Shown}");
        if (json.Find("bias") is { } bias && bias.Text() is not ("" or "none"))
            throw bias.Fault($"the adapter trains biases ({bias.Shown}), which are not read");
        if (s_refused.Select(name => json[name]).FirstOrDefault(IsSet) is { } refused)
            throw refused.Fault($"'{refused.Name}' is not supported. Merge the adapter into the model instead");
        return new LoraConfig(json["lora_alpha"].Number(), json["use_rslora"].Flag(false), Pattern(json));
    }

    private static bool IsSet(JsonPlace option) =>
        !option.IsNothing && !option.IsFalse && (option.Count > 0 || !(option.IsList || option.IsObject));

    private static ImmutableArray<KeyValuePair<string, double>> Pattern(JsonPlace json)
    {
        if (json.Find("alpha_pattern") is not { } patterns)
            return [];
        return
        [
            .. patterns
                .Members()
                .Select(pattern =>
                    IsPlain(pattern.Name)
                        ? new KeyValuePair<string, double>(pattern.Name, pattern.Number())
                        : throw pattern.Fault("it is a regular expression; only paths of modules are read")
                ),
        ];
    }

    private static bool IsPlain(string pattern) =>
        pattern.TrimStart('^') is { Length: > 0 } name
        && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '.');
}
