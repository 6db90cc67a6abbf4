using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.IR;
using OnnxIntervene.Json;

namespace OnnxIntervene.Formats;

/// <summary>What an adapter_config.json says that changes numbers.</summary>
internal sealed record LoraConfig(
    double Alpha,
    bool HasRootScale,
    ImmutableArray<KeyValuePair<string, double>> AlphaPattern,
    int? Rank,
    ImmutableArray<KeyValuePair<string, double>> RankPattern,
    LoraTargets Targets
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
        "layer_replication",
    ];

    // Ways to begin that leave the model's own weights alone. All others subtract from them what they begin with.
    private static readonly string[] s_beginnings = ["gaussian", "eva", "orthogonal", "true", "false"];

    public static LoraConfig Read(string path)
    {
        if (!File.Exists(path))
            throw new ModelFormatException($"There is no file '{path}'.");
        return Parse(JsonText.Read(path, JsonSource.File($"'{path}'")).WithObject());
    }

    /// <summary>The scale for a module, by its path and its rank.</summary>
    /// <exception cref="ModelFormatException">The configuration says another rank.</exception>
    public double Scale(string module, int rank)
    {
        if (Rank is { } usual && Special(RankPattern, module, usual) is var said && said != rank)
            throw new ModelFormatException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The matrices of '{module}' have the rank {rank}, but adapter_config.json says {said}, by which "
                        + $"the scale is divided. Write the matrices' rank there, in \"r\" or in \"rank_pattern\"."
                )
            );
        return Special(AlphaPattern, module, Alpha) / (HasRootScale ? Math.Sqrt(rank) : rank);
    }

    // A pattern names the end of a path; the first that does holds.
    private static double Special(
        ImmutableArray<KeyValuePair<string, double>> patterns,
        string module,
        double otherwise
    )
    {
        foreach (var (pattern, special) in patterns)
        {
            if (
                module == pattern.TrimStart('^')
                || (pattern[0] != '^' && module.EndsWith($".{pattern}", StringComparison.Ordinal))
            )
                return special;
        }

        return otherwise;
    }

    private static LoraConfig Parse(JsonPlace json)
    {
        if (json["peft_type"] is var kind && kind.Text("the text LORA") != "LORA")
            throw kind.Fault($"only LORA is read, not {kind.Shown}");
        if (json.Find("bias") is { } bias && bias.Text() is not ("" or "none"))
            throw bias.Fault($"the adapter trains biases ({bias.Shown}), which are not read");
        if (s_refused.Select(name => json[name]).FirstOrDefault(IsSet) is { } refused)
            throw refused.Fault($"'{refused.Name}' is not supported. Merge the adapter into the model instead");
        CheckBeginning(json["init_lora_weights"]);
        // Which modules a regular expression means is not known, and the ranks need no more than a check.
        var hasExpressions =
            json.Find("rank_pattern") is { } ranks && ranks.Members().Any(pattern => !IsPlain(pattern.Name));
        return new LoraConfig(
            json["lora_alpha"].Number(),
            json["use_rslora"].Flag(false),
            Pattern(json, "alpha_pattern"),
            json["r"].IsNothing || hasExpressions ? null : json["r"].Integer(1, what: "a rank"),
            hasExpressions ? [] : Pattern(json, "rank_pattern"),
            LoraTargets.Parse(json)
        );
    }

    private static void CheckBeginning(JsonPlace beginning)
    {
        if (beginning.IsText && !s_beginnings.Contains(beginning.Text()))
            throw beginning.Fault(
                $"an adapter begun as {beginning.Shown} belongs to a model whose own weights were changed when the "
                    + "training began. Save it with PEFT's path_initial_model_for_weight_conversion, or merge it"
            );
    }

    private static bool IsSet(JsonPlace option) =>
        !option.IsNothing && !option.IsFalse && (option.Count > 0 || !(option.IsList || option.IsObject));

    private static ImmutableArray<KeyValuePair<string, double>> Pattern(JsonPlace json, string name)
    {
        if (json.Find(name) is not { } patterns)
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
