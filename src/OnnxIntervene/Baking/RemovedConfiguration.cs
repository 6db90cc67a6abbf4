using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using OnnxIntervene.Components;
using OnnxIntervene.IR;

namespace OnnxIntervene.Baking;

/// <summary>
/// Numbers of heads and neurons in the configurations beside a model that became smaller. A configuration has one
/// number for all layers; where layers differ, transformers' <c>pruned_heads</c> says which went.
/// </summary>
/// <param name="map">The original's components.</param>
/// <param name="units">What each layer lost.</param>
internal sealed class RemovedConfiguration(ComponentMap map, ImmutableArray<RemovedUnits> units)
{
    /// <summary>The files that say such numbers.</summary>
    public static readonly ImmutableArray<string> FileNames = [ConfigFile, GenAIFile];

    private const string GenAIFile = "genai_config.json";
    private const string ConfigFile = "config.json";
    private static readonly string[] s_heads =
    [
        "num_attention_heads",
        "n_head",
        "n_heads",
        "num_heads",
        "encoder_attention_heads",
        "decoder_attention_heads",
    ];
    private static readonly string[] s_neurons =
    [
        "intermediate_size",
        "n_inner",
        "ffn_dim",
        "d_ff",
        "encoder_ffn_dim",
        "decoder_ffn_dim",
    ];

    /// <summary>Throws where onnxruntime-genai's configuration could not say what the caches are.</summary>
    public void RequireOneCache(IEnumerable<string> beside)
    {
        var heads = units.Where(unit => unit.AreHeads).ToList();
        var kept = heads.Select(unit => unit.KeyHeads(map)).Where(keys => keys.Kept != keys.Count).ToList();
        if (
            !beside.Contains(GenAIFile)
            || kept.Count == 0
            || (kept.Count == map.LayerCount && kept.Distinct().Count() == 1)
        )
            return;
        throw new InterventionException(
            "onnxruntime-genai's configuration has one number of key and value heads for all layers, so "
                + "as many must be removed in every layer. Remove query heads of each group evenly, which keeps keys "
                + "and values, or bake the model from a folder without genai_config.json."
        );
    }

    /// <summary>
    /// The text of one of <see cref="FileNames"/> with the numbers that hold now; null where it says none of them.
    /// </summary>
    public string? Changed(string file, string text)
    {
        var changed = Heads(file, Neurons(text));
        return changed == text ? null : changed;
    }

    private string Neurons(string text)
    {
        var neurons = units.Where(unit => !unit.AreHeads).ToList();
        return neurons.Count == map.LayerCount && neurons.Select(unit => unit.Kept).Distinct().Count() == 1
            ? Replace(text, s_neurons, neurons[0].Count, neurons[0].Kept)
            : text;
    }

    private string Heads(string file, string text)
    {
        var heads = units.Where(unit => unit.AreHeads).ToList();
        if (heads.Count == 0)
            return text;
        if (
            heads.Count < map.LayerCount
            || heads.Select(unit => (unit.Kept, unit.KeyHeads(map))).Distinct().Count() > 1
        )
            return file == ConfigFile ? Insert(text, "pruned_heads", Pruned(heads)) : text;
        var keys = heads[0].KeyHeads(map);
        text = Replace(text, s_heads, heads[0].Count, heads[0].Kept);
        text = Replace(text, ["num_key_value_heads"], keys.Count, keys.Kept);
        // Readers divide the width of the stream by the number of heads where this is missing.
        return file == ConfigFile && !text.Contains("\"head_dim\"", StringComparison.Ordinal)
            ? Insert(text, "head_dim", Width(heads[0]).ToString(CultureInfo.InvariantCulture))
            : text;
    }

    private int Width(RemovedUnits unit) => map.Get(unit.Layer, unit.Component).Width;

    private static string Pruned(IEnumerable<RemovedUnits> heads) =>
        JsonSerializer.Serialize(
            heads.ToDictionary(unit => unit.Layer.ToString(CultureInfo.InvariantCulture), unit => unit.Removed)
        );

    private static string Insert(string text, string key, string json)
    {
        var start = text.IndexOf('{', StringComparison.Ordinal);
        return start < 0 ? text : text.Insert(start + 1, $"\n  \"{key}\": {json},");
    }

    // A key that a file has twice says something of two parts of the model; which is which it does not say.
    private static string Replace(string text, IEnumerable<string> keys, int old, int size)
    {
        foreach (var key in keys)
        {
            var found = Regex.Matches(text, $"\"{key}\"\\s*:\\s*{old}(?![\\d.])");
            if (found.Count == 1)
                text = new StringBuilder(text)
                    .Remove(found[0].Index, found[0].Length)
                    .Insert(found[0].Index, $"\"{key}\": {size}")
                    .ToString();
        }

        return text;
    }
}
