using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Files;
using OnnxIntervene.Json;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Baking;

/// <summary>
/// onnxruntime-genai's configuration of a decoder with a cache of keys and values (its <c>src/config.h</c>): the names
/// and sizes of inputs and outputs from the graph, the context and the ends of texts from the files beside it.
/// </summary>
internal sealed class GenAIConfiguration(LoadedModel model)
{
    /// <summary>The file's name.</summary>
    public const string FileName = "genai_config.json";

    // Any decoder-only model to onnxruntime-genai; the families' own names change nothing of how these inputs are fed.
    private const string AnyDecoder = "decoder";
    private const string ConfigFile = "config.json";
    private const string Keys = ".key";
    private const string Values = ".value";
    private static readonly string[] s_inputs = [ModelInputs.TokenInput, InputFiller.Mask, PositionInput.Name];
    private static readonly string[] s_context = ["max_position_embeddings", "n_positions", "n_ctx", "max_seq_len"];
    private static readonly JsonSerializerOptions s_format = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private Graph Graph => model.Model.Graph;

    /// <summary>The configuration's text.</summary>
    /// <param name="file">The model's file in its folder.</param>
    /// <exception cref="InterventionException">
    /// onnxruntime-genai cannot run the model, or something is not known; the message says what.
    /// </exception>
    public string TextFor(string file)
    {
        var cache = Cache();
        var inputs = Inputs(cache);
        var (heads, width) = Sizes(cache);
        var vocabulary = Vocabulary();
        var ends = Ends(vocabulary);
        var context = Context();
        return JsonSerializer.Serialize(
            new
            {
                Model = new
                {
                    Type = AnyDecoder,
                    ContextLength = context,
                    VocabSize = vocabulary,
                    EosTokenId = ends.Length == 1 ? (object)ends[0] : ends,
                    PadTokenId = ends[0],
                    Decoder = new
                    {
                        Filename = file,
                        SessionOptions = new { ProviderOptions = Array.Empty<object>() },
                        HeadSize = width,
                        HiddenSize = Find("block_output")?.Width,
                        NumAttentionHeads = Find("head_attention_value_output")?.Heads ?? heads,
                        NumHiddenLayers = cache.Length / 2,
                        NumKeyValueHeads = heads,
                        Inputs = inputs,
                        Outputs = new
                        {
                            Logits = Graph.Outputs[0].Name,
                            PresentKeyNames = Pattern(CachePair.PresentPrefix, Keys),
                            PresentValueNames = Pattern(CachePair.PresentPrefix, Values),
                        },
                    },
                },
                Search = new
                {
                    DoSample = false,
                    MaxLength = context,
                    PastPresentShareBuffer = cache.All(pair => pair.IsShareable(Graph)),
                },
            },
            s_format
        );
    }

    // The keys and values of each layer under the layer's number, from 0.
    private ImmutableArray<CachePair> Cache()
    {
        var cache = CachePair.Of(Graph);
        if (cache.IsEmpty)
            throw Cannot(
                $"it has no cache, inputs '{InputFiller.PastPrefix}N.key' and '.value' with outputs "
                    + $"'{CachePair.PresentPrefix}N.key' and '.value'; export it with one"
            );
        var names = cache.Select(pair => pair.Past).ToHashSet(StringComparer.Ordinal);
        for (var layer = 0; layer < (cache.Length + 1) / 2; layer++)
        {
            var number = layer.ToString(CultureInfo.InvariantCulture);
            foreach (var kind in new[] { Keys, Values })
            {
                if (!names.Contains(InputFiller.PastPrefix + number + kind))
                    throw Cannot(
                        $"its cache has no '{InputFiller.PastPrefix}{number}{kind}': layers must be counted from 0, "
                            + "with a key and a value each"
                    );
            }
        }

        return cache;
    }

    private Dictionary<string, string> Inputs(ImmutableArray<CachePair> cache)
    {
        var names = Graph.Inputs.Where(input => !input.IsConstant).Select(input => input.Name).ToList();
        if (!names.Contains(ModelInputs.TokenInput))
            throw Cannot($"it has no input '{ModelInputs.TokenInput}'");
        var past = cache.Select(pair => pair.Past).ToHashSet(StringComparer.Ordinal);
        if (names.Find(name => !past.Contains(name) && !s_inputs.Contains(name)) is { } unknown)
            throw Cannot($"it has an input '{unknown}', which onnxruntime-genai does not feed");
        var inputs = names.Where(s_inputs.Contains).ToDictionary(name => name);
        inputs["past_key_names"] = Pattern(InputFiller.PastPrefix, Keys);
        inputs["past_value_names"] = Pattern(InputFiller.PastPrefix, Values);
        return inputs;
    }

    private static string Pattern(string prefix, string kind) => $"{prefix}%d{kind}";

    // The caches' [batch, heads, past, width], one for all layers.
    private (long Heads, long Width) Sizes(ImmutableArray<CachePair> cache)
    {
        // Model builders leave the width to the runtime.
        long? width = Find("head_key_output")?.Width;
        var sizes = cache.Select(pair => (Size(pair, axis: 1), Size(pair, axis: 3) ?? width)).Distinct().ToList();
        return sizes is [({ } heads, { } elements)]
            ? (heads, elements)
            : throw Cannot(
                "its layers' caches are not all of one shape with known heads and width, [batch, heads, past, width]"
            );
    }

    private long? Size(CachePair pair, int axis) =>
        SizeOf(Graph.Inputs.First(input => input.Name == pair.Past), axis)
        ?? SizeOf(Graph.Outputs.First(output => output.Name == pair.Present), axis);

    private static long? SizeOf(Value value, int axis) =>
        value.Type?.Shape is { Rank: 4 } shape ? shape[axis].Size : null;

    private long Vocabulary() =>
        (Graph.Outputs[0].Type?.Shape is { Rank: > 0 } shape ? shape[shape.Rank - 1].Size : null)
        ?? model.Components.Limits.Vocabulary
        ?? throw Cannot("the graph does not say how many tokens there are");

    // onnxruntime-genai writes to the logits of these tokens without looking.
    private ImmutableArray<int> Ends(long vocabulary)
    {
        var ends = EndOfText.TokensOf(model.File.Path);
        if (ends.IsEmpty)
            throw Cannot($"no file says which token ends a text; put eos_token_id in {ConfigFile}");
        return ends.All(token => token < vocabulary)
            ? ends
            : throw Cannot(
                $"the token that ends a text is {ends.Max()} (eos_token_id), but there are {vocabulary} tokens"
            );
    }

    private long Context()
    {
        var path = FolderBoundary.Around(model.File.Path).Checked(Path.Combine(model.File.Folder, ConfigFile));
        var root = File.Exists(path)
            ? JsonText.Read(path, JsonSource.File($"The configuration '{path}'") with { AllowsComments = true })
            : null;
        var said = s_context
            .Select(key => root is { IsObject: true } config ? config.Find(key) : null)
            .FirstOrDefault(number => number is not null);
        var (graph, file) = (model.Components.Limits.Context, (long?)said?.Integer(1));
        return (graph, file) is ({ } room, { } most)
            ? Math.Min(room, most)
            : graph
                ?? file
                ?? throw Cannot(
                    $"no file says how many tokens it reads at most; put max_position_embeddings in {ConfigFile}"
                );
    }

    private Component? Find(string name) =>
        model.Components.Components.FirstOrDefault(component => component.Address == new ComponentAddress(0, name));

    private static InterventionException Cannot(string reason) =>
        new($"{FileName} cannot be written for this model: {reason}.");
}
