using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Json;

namespace OnnxIntervene.Formats;

/// <summary>
/// Which modules an adapter_config.json means. PEFT gives no other module its matrices: it leaves them in the file
/// without a word (peft/tuners/tuners_utils.py, check_target_module_exists).
/// </summary>
/// <param name="Targets">The modules; null where the file does not say, or means every linear module.</param>
/// <param name="Excluded">The modules that are none of them all the same; null for none.</param>
/// <param name="Layers">The layers of those that are named by the end of their path; null for all.</param>
/// <param name="LayersPatterns">The names that a layer's number stands behind; empty for any.</param>
internal sealed record LoraTargets(
    ModulePattern? Targets,
    ModulePattern? Excluded,
    ImmutableHashSet<int>? Layers,
    ImmutableArray<string> LayersPatterns
)
{
    private const string AllLinear = "all-linear";

    public static LoraTargets Parse(JsonPlace json)
    {
        var targets = json["target_modules"];
        var layers = LayersOf(json["layers_to_transform"]);
        if (layers is not null && targets.IsText)
            throw targets.Fault("a text cannot be used together with layers_to_transform; give a list of modules");
        var isEverything =
            targets.IsNothing
            || (targets.IsText && string.Equals(targets.Text(), AllLinear, StringComparison.OrdinalIgnoreCase));
        return new LoraTargets(
            isEverything ? null : ModulePattern.Parse(targets),
            json.Find("exclude_modules") is { } excluded ? ModulePattern.Parse(excluded) : null,
            layers,
            PatternsOf(json["layers_pattern"])
        );
    }

    /// <summary>Those of some modules that are not meant.</summary>
    public IEnumerable<string> LeftOut(IEnumerable<string> modules) => modules.Where(module => !Includes(module));

    private bool Includes(string module)
    {
        if (Excluded?.IsMatch(module) == true)
            return false;
        if (Targets is null)
            return IsInLayers(module);
        return Targets.IsMatch(module) && (Targets.IsNamedWhole(module) || IsInLayers(module));
    }

    private bool IsInLayers(string module) =>
        Layers is null || (LayerOf(module) is { } layer && Layers.Contains(layer));

    // The first number with a name before it, neither of which begins or ends the path.
    private int? LayerOf(string module)
    {
        var parts = module.Split('.');
        for (var place = 2; place < parts.Length - 1; place++)
        {
            if (
                int.TryParse(parts[place], NumberStyles.None, CultureInfo.InvariantCulture, out var layer)
                && (LayersPatterns.IsEmpty || LayersPatterns.Contains(parts[place - 1]))
            )
                return layer;
        }

        return null;
    }

    private static ImmutableHashSet<int>? LayersOf(JsonPlace layers)
    {
        if (layers.IsNothing)
            return null;
        var numbers = layers.IsNumber ? [layers.Integer(0)] : layers.Integers(0, what: "a number or a list of layers");
        return numbers.Length == 0 ? null : [.. numbers];
    }

    private static ImmutableArray<string> PatternsOf(JsonPlace patterns)
    {
        if (patterns.IsNothing || (patterns.IsText && patterns.Text().Length == 0))
            return [];
        JsonPlace[] names = patterns.IsText ? [patterns] : [.. patterns.Items("a name or a list of names")];
        return
        [
            .. names.Select(name =>
                name.Text("a name").All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_')
                    ? name.Text()
                    : throw name.Fault("it is a regular expression; only names are read")
            ),
        ];
    }
}
