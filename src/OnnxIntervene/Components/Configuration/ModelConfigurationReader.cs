using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.IR.Files;
using OnnxIntervene.Json;

namespace OnnxIntervene.Components.Configuration;

/// <summary>Reads the numbers of layers and heads from the configurations beside a model.</summary>
internal static class ModelConfigurationReader
{
    private const string ConfigFile = "config.json";
    private const string GenAIFile = "genai_config.json";

    // The names that transformers' families use (their configuration_*.py). What is nested (text_config, vision_config)
    // belongs to a part of the model that the file need not hold.
    private static readonly ImmutableArray<(string Key, ConfiguredQuantity Quantity, ConfiguredStack Stack)> s_keys =
    [
        ("num_hidden_layers", ConfiguredQuantity.Layers, ConfiguredStack.Encoder),
        ("num_layers", ConfiguredQuantity.Layers, ConfiguredStack.Encoder),
        ("n_layer", ConfiguredQuantity.Layers, ConfiguredStack.Encoder),
        ("n_layers", ConfiguredQuantity.Layers, ConfiguredStack.Encoder),
        ("encoder_layers", ConfiguredQuantity.Layers, ConfiguredStack.Encoder),
        ("decoder_layers", ConfiguredQuantity.Layers, ConfiguredStack.Decoder),
        ("num_decoder_layers", ConfiguredQuantity.Layers, ConfiguredStack.Decoder),
        ("num_attention_heads", ConfiguredQuantity.Heads, ConfiguredStack.Encoder),
        ("n_head", ConfiguredQuantity.Heads, ConfiguredStack.Encoder),
        ("n_heads", ConfiguredQuantity.Heads, ConfiguredStack.Encoder),
        ("num_heads", ConfiguredQuantity.Heads, ConfiguredStack.Any),
        ("encoder_attention_heads", ConfiguredQuantity.Heads, ConfiguredStack.Encoder),
        ("decoder_attention_heads", ConfiguredQuantity.Heads, ConfiguredStack.Decoder),
        ("num_key_value_heads", ConfiguredQuantity.KeyValueHeads, ConfiguredStack.Any),
        ("head_dim", ConfiguredQuantity.HeadWidth, ConfiguredStack.Any),
        ("d_kv", ConfiguredQuantity.HeadWidth, ConfiguredStack.Any),
        ("hidden_size", ConfiguredQuantity.StreamWidth, ConfiguredStack.Any),
        ("n_embd", ConfiguredQuantity.StreamWidth, ConfiguredStack.Any),
        ("d_model", ConfiguredQuantity.StreamWidth, ConfiguredStack.Any),
    ];

    private static readonly ImmutableArray<(string Key, ConfiguredQuantity Quantity)> s_genAIKeys =
    [
        ("num_hidden_layers", ConfiguredQuantity.Layers),
        ("num_attention_heads", ConfiguredQuantity.Heads),
        ("num_key_value_heads", ConfiguredQuantity.KeyValueHeads),
        ("head_size", ConfiguredQuantity.HeadWidth),
        ("hidden_size", ConfiguredQuantity.StreamWidth),
    ];

    // Models whose layers differ from each other, or whose heads are made of several parts: one number does not
    // describe them.
    private static readonly string[] s_irregular =
    [
        "depths",
        "hidden_sizes",
        "kv_lora_rank",
        "global_head_dim",
        "head_ratio",
        "true_hidden_size",
    ];

    public static ModelConfiguration Read(string modelPath)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(modelPath))!;
        var numbers = ImmutableArray.CreateBuilder<ConfiguredNumber>();
        var labels = ImmutableDictionary<int, string>.Empty;
        var pruned = ImmutableDictionary<int, ImmutableArray<int>>.Empty;
        int? imageSize = null;
        var boundary = FolderBoundary.Around(modelPath);
        Open(
            boundary.Checked(Path.Combine(folder, ConfigFile)),
            root =>
            {
                numbers.AddRange(FromConfig(root));
                labels = Labels(root);
                pruned = PrunedHeads(root);
                imageSize = root.Find("image_size") is { IsNumber: true } size ? size.Integer(1) : null;
            }
        );
        Open(
            boundary.Checked(Path.Combine(folder, GenAIFile)),
            root => numbers.AddRange(FromGenAI(root, Path.GetFileName(modelPath)))
        );
        return new ModelConfiguration(numbers.ToImmutable())
        {
            Labels = labels,
            PrunedHeads = pruned,
            ImageSize = imageSize,
        };
    }

    private static void Open(string path, Action<JsonPlace> read)
    {
        if (!File.Exists(path))
            return;
        var source = JsonSource.File($"The configuration '{path}'") with
        {
            AllowsComments = true,
            Advice = " Correct or remove it; a model does not need one.",
        };
        if (JsonText.Read(path, source) is { IsObject: true } root)
            read(root);
    }

    private static IEnumerable<ConfiguredNumber> FromConfig(JsonPlace root)
    {
        if (s_irregular.Any(key => !root[key].IsMissing))
            yield break;

        // Where there is no pair of encoder and decoder, the plain keys mean the model itself.
        var isPair = root["is_encoder_decoder"].IsTrue;
        foreach (var (key, quantity, stack) in s_keys)
        {
            var isPlain = !key.StartsWith("encoder", StringComparison.Ordinal) && stack == ConfiguredStack.Encoder;
            if (Number(root, key) is { } number)
                yield return new ConfiguredNumber(
                    quantity,
                    isPlain && !isPair ? ConfiguredStack.Any : stack,
                    number,
                    ConfigFile,
                    key
                );
        }
    }

    private static ImmutableDictionary<int, string> Labels(JsonPlace root)
    {
        var labels = ImmutableDictionary.CreateBuilder<int, string>();
        if (root["id2label"] is not { IsObject: true } list)
            return labels.ToImmutable();
        foreach (var label in list.Members().Where(label => label.IsText))
        {
            if (int.TryParse(label.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                labels[number] = label.Text();
        }

        return labels.ToImmutable();
    }

    // {"1": [0, 3]}: layers, and their heads by number.
    private static ImmutableDictionary<int, ImmutableArray<int>> PrunedHeads(JsonPlace root)
    {
        var pruned = ImmutableDictionary.CreateBuilder<int, ImmutableArray<int>>();
        if (root["pruned_heads"] is not { IsObject: true } layers)
            return pruned.ToImmutable();
        foreach (var layer in layers.Members().Where(layer => layer.IsRow))
        {
            if (int.TryParse(layer.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                pruned[number] = [.. layer.Items().Select(head => head.Integer(0)).Distinct().Order()];
        }

        return pruned.ToImmutable();
    }

    // A section is about the file that it names.
    private static IEnumerable<ConfiguredNumber> FromGenAI(JsonPlace root, string fileName)
    {
        if (root["model"] is not { IsObject: true } model)
            yield break;
        foreach (var section in model.Members())
        {
            if (section["filename"] is not { IsText: true } name || name.Text() != fileName)
                continue;
            foreach (var (key, quantity) in s_genAIKeys)
            {
                if (Number(section, key) is { } number)
                    yield return new ConfiguredNumber(
                        quantity,
                        ConfiguredStack.Any,
                        number,
                        GenAIFile,
                        $"model.{section.Name}.{key}"
                    );
            }
        }
    }

    // Null, lists with a number for each layer and the like say nothing about all layers.
    private static int? Number(JsonPlace section, string key) =>
        section[key] is var place && place.IsWhole(1, int.MaxValue) ? place.Integer() : null;
}
