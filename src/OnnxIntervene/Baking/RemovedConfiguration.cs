using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.Json;

namespace OnnxIntervene.Baking;

/// <summary>
/// Numbers of heads and neurons in the configurations beside a model that became smaller. A configuration has one
/// number for all layers; where layers differ, transformers' <c>pruned_heads</c> says which went.
/// </summary>
/// <param name="map">The original's components.</param>
/// <param name="units">What each layer lost.</param>
/// <param name="modelName">The model's file name, by which onnxruntime-genai's configuration speaks of it.</param>
internal sealed class RemovedConfiguration(ComponentMap map, ImmutableArray<RemovedUnits> units, string modelName)
{
    /// <summary>The files that say such numbers.</summary>
    public static readonly ImmutableArray<string> FileNames = [ConfigFile, GenAIFile];

    private const string GenAIFile = "genai_config.json";
    private const string ConfigFile = "config.json";
    private const string PrunedHeads = "pruned_heads";
    private const string HeadWidth = "head_dim";
    private const string KeyHeads = "num_key_value_heads";
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

    private readonly ImmutableArray<RemovedUnits> _heads = [.. units.Where(unit => unit.AreHeads)];
    private readonly ImmutableArray<RemovedUnits> _neurons = [.. units.Where(unit => !unit.AreHeads)];

    /// <summary>
    /// The text of one of <see cref="FileNames"/> with the numbers that hold now; null where it says none of them.
    /// </summary>
    /// <exception cref="InterventionException">
    /// onnxruntime-genai's configuration could not say what the caches are.
    /// </exception>
    /// <exception cref="ModelFormatException">The text is not JSON.</exception>
    public byte[]? Changed(string file, byte[] utf8)
    {
        var source = JsonSource.File($"The configuration '{file}'") with { AllowsComments = true };
        var root = JsonText.Parse(utf8, source);
        if (!root.IsObject)
            return null;
        var changed = utf8;
        foreach (var (path, json) in (file == GenAIFile ? GenAI(root) : Transformers(root)).ToList())
            changed = JsonMember.Set(changed, path, json);
        return changed == utf8 ? null : changed;
    }

    // What is nested (text_config, vision_config) may be another part of the model.
    private IEnumerable<(string[] Path, string Json)> Transformers(JsonPlace root)
    {
        var changes = Neurons(root);
        if (_heads.IsEmpty)
            return changes;
        if (!AllLayersLose(unit => (unit.Kept, unit.KeyHeads(map))) || !root[PrunedHeads].IsNothing)
            return changes.Append(([PrunedHeads], Pruned(root[PrunedHeads])));
        var keys = _heads[0].KeyHeads(map);
        changes = changes
            .Concat(Changes(root, [], s_heads, _heads[0].Count, _heads[0].Kept))
            .Concat(Changes(root, [], [KeyHeads], keys.Count, keys.Kept));
        // Readers divide the width of the stream by the number of heads where this is missing.
        return root[HeadWidth].IsNothing ? changes.Append(([HeadWidth], Text(Width(_heads[0])))) : changes;
    }

    private IEnumerable<(string[] Path, string Json)> Neurons(JsonPlace root) =>
        AllLose(_neurons, unit => unit.Kept) ? Changes(root, [], s_neurons, _neurons[0].Count, _neurons[0].Kept) : [];

    // Its number of query heads says nothing of a cache.
    private IEnumerable<(string[] Path, string Json)> GenAI(JsonPlace root)
    {
        var sections = Sections(root).ToList();
        foreach (var section in sections)
        {
            if (!AllLayersLose(unit => unit.Kept))
                break;
            string[] path = ["model", section.Name];
            foreach (var change in Changes(section, path, s_heads, _heads[0].Count, _heads[0].Kept))
                yield return change;
        }

        var kept = _heads.Select(unit => unit.KeyHeads(map)).FirstOrDefault(keys => keys.Kept != keys.Count);
        if (kept == default)
            yield break;
        RequireOneCache(sections, kept.Count);
        foreach (var section in sections)
            yield return (["model", section.Name, KeyHeads], Text(kept.Kept));
    }

    // A section is about the file that it names.
    private IEnumerable<JsonPlace> Sections(JsonPlace root) =>
        root["model"] is { IsObject: true } model
            ? model.Members().Where(section => section["filename"] is { IsText: true } name && name.Text() == modelName)
            : [];

    private void RequireOneCache(List<JsonPlace> sections, int count)
    {
        if (!AllLayersLose(unit => unit.KeyHeads(map)))
            throw new InterventionException(
                "onnxruntime-genai's configuration has one number of key and value heads for all layers, so "
                    + "as many must be removed in every layer. Remove query heads of each group evenly, which keeps "
                    + "keys and values, or bake the model from a folder without genai_config.json."
            );
        if (sections.Count == 0 || sections.Exists(section => !section[KeyHeads].IsWhole(count, count)))
            throw new InterventionException(
                $"{GenAIFile} does not say that '{modelName}' has {KeyHeads} {count}, so that the number of those "
                    + "that stay cannot be written there. Correct it, or bake the model from a folder without it."
            );
    }

    private bool AllLayersLose<T>(Func<RemovedUnits, T> what) => AllLose(_heads, what);

    private bool AllLose<T>(ImmutableArray<RemovedUnits> lost, Func<RemovedUnits, T> what) =>
        !lost.IsEmpty && lost.Length == map.LayerCount && lost.Select(what).Distinct().Count() == 1;

    private int Width(RemovedUnits unit) => map.Get(unit.Layer, unit.Component).Width;

    // Heads that went before keep their numbers, which are those of the model that had all.
    private string Pruned(JsonPlace before)
    {
        var gone = new SortedDictionary<int, SortedSet<int>>();
        foreach (var layer in before.IsNothing ? [] : before.Members())
            gone[Number(layer)] = [.. layer.Items().Select(head => head.Integer(0))];
        foreach (var unit in _heads)
        {
            gone.TryAdd(unit.Layer, []);
            var left = Enumerable.Range(0, unit.Count + gone[unit.Layer].Count).Except(gone[unit.Layer]).ToList();
            gone[unit.Layer].UnionWith(unit.Removed.Select(head => left[head]));
        }

        return JsonSerializer.Serialize(gone);
    }

    private static int Number(JsonPlace layer) =>
        int.TryParse(layer.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw layer.Fault("a layer's number is expected");

    private IEnumerable<(string[] Path, string Json)> Changes(
        JsonPlace place,
        string[] path,
        IEnumerable<string> keys,
        int old,
        int size
    ) =>
        keys.Where(key => IsAbout(key) && place[key].IsWhole(old, old))
            .Select(key => ((string[])[.. path, key], Text(size)));

    // The configuration of a pair is the same for both of its files; only the decoder reads another stack.
    private bool IsAbout(string key)
    {
        var isDecoder = map.Components.Any(component =>
            component.Address.Stack is null
            && component.Address.Name.StartsWith(ComponentNames.CrossPrefix, StringComparison.Ordinal)
        );
        return !key.StartsWith(isDecoder ? "encoder_" : "decoder_", StringComparison.Ordinal);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
