using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Files;

namespace OnnxIntervene.Components.Configuration;

/// <summary>Reads the numbers of layers and heads from the configurations beside a model.</summary>
internal static class ModelConfigurationReader
{
    private const long LargestFile = 16L << 20;
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
        var boundary = FolderBoundary.Around(modelPath);
        Open(
            boundary.Checked(Path.Combine(folder, ConfigFile)),
            root =>
            {
                numbers.AddRange(FromConfig(root));
                labels = Labels(root);
            }
        );
        Open(
            boundary.Checked(Path.Combine(folder, GenAIFile)),
            root => numbers.AddRange(FromGenAI(root, Path.GetFileName(modelPath)))
        );
        return new ModelConfiguration(numbers.ToImmutable()) { Labels = labels };
    }

    private static void Open(string path, Action<JsonElement> read)
    {
        if (!File.Exists(path))
            return;
        if (new FileInfo(path).Length > LargestFile)
            throw new ModelFormatException($"The configuration '{path}' is larger than {LargestFile} bytes.");
        using var json = StrictJson.Parse(
            File.ReadAllText(path),
            (what, cause) =>
                new ModelFormatException(
                    $"The configuration '{path}' {what} Correct or remove it; a model does not need one.",
                    cause
                ),
            new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip }
        );
        if (json.RootElement.ValueKind == JsonValueKind.Object)
            read(json.RootElement);
    }

    private static IEnumerable<ConfiguredNumber> FromConfig(JsonElement root)
    {
        if (s_irregular.Any(key => root.TryGetProperty(key, out _)))
            yield break;

        // Where there is no pair of encoder and decoder, the plain keys mean the model itself.
        var isPair = root.TryGetProperty("is_encoder_decoder", out var pair) && pair.ValueKind == JsonValueKind.True;
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

    private static ImmutableDictionary<int, string> Labels(JsonElement root)
    {
        var labels = ImmutableDictionary.CreateBuilder<int, string>();
        if (root.TryGetProperty("id2label", out var list) && list.ValueKind == JsonValueKind.Object)
        {
            foreach (var label in list.EnumerateObject().Where(label => label.Value.ValueKind == JsonValueKind.String))
            {
                if (int.TryParse(label.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                    labels[number] = label.Value.GetString()!;
            }
        }

        return labels.ToImmutable();
    }

    // A section is about the file that it names.
    private static IEnumerable<ConfiguredNumber> FromGenAI(JsonElement root, string fileName)
    {
        if (!root.TryGetProperty("model", out var model) || model.ValueKind != JsonValueKind.Object)
            yield break;
        foreach (
            var section in model.EnumerateObject().Where(section => section.Value.ValueKind == JsonValueKind.Object)
        )
        {
            if (
                !section.Value.TryGetProperty("filename", out var name)
                || name.ValueKind != JsonValueKind.String
                || name.GetString() != fileName
            )
                continue;
            foreach (var (key, quantity) in s_genAIKeys)
            {
                if (Number(section.Value, key) is { } number)
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
    private static int? Number(JsonElement section, string key) =>
        section.TryGetProperty(key, out var json)
        && json.ValueKind == JsonValueKind.Number
        && json.TryGetInt32(out var number)
        && number > 0
            ? number
            : null;
}
