using System.Collections.Immutable;

namespace OnnxIntervene.Components.Naming;

/// <summary>
/// How one family names the modules of a layer; each exporter keeps these names in its own way. Several names for
/// one module are the spellings of different exporters.
/// </summary>
internal sealed record ArchitecturePattern
{
    /// <summary>The family's name.</summary>
    public required string Family { get; init; }

    /// <summary>The module that holds the layers, by number.</summary>
    public required string LayerList { get; init; }

    /// <summary>The norm before attention.</summary>
    public required string AttentionNorm { get; init; }

    /// <summary>The norm before the feed-forward.</summary>
    public required string MlpNorm { get; init; }

    /// <summary>The norm after the last layer.</summary>
    public required ImmutableArray<string> FinalNorm { get; init; }

    /// <summary>The attention module.</summary>
    public required ImmutableArray<string> Attention { get; init; }

    /// <summary>The query projection inside attention, when it is a separate module.</summary>
    public string? Query { get; init; }

    /// <summary>The key projection inside attention, when it is a separate module.</summary>
    public string? Key { get; init; }

    /// <summary>The value projection inside attention, when it is a separate module.</summary>
    public string? Value { get; init; }

    /// <summary>The projection inside attention that computes queries, keys and values side by side.</summary>
    public required string PackedProjection { get; init; }

    /// <summary>
    /// Whether the packed projection lays out query, key and value head by head, not as three blocks.
    /// </summary>
    public bool PacksByHead { get; init; }

    /// <summary>The output projection inside attention.</summary>
    public required string OutputProjection { get; init; }

    /// <summary>The activation function, from the layer.</summary>
    public required string Activation { get; init; }

    /// <summary>The projection that ends the feed-forward, from the layer.</summary>
    public required string DownProjection { get; init; }

    /// <summary>
    /// Modules of a layer that show it to be another family, in which some names have other meanings.
    /// </summary>
    public ImmutableArray<string> ForeignModules { get; init; } = [];

    /// <summary>The families that are recognised by their names.</summary>
    public static ImmutableArray<ArchitecturePattern> Known { get; } =
    [
        new()
        {
            Family = "gpt2",
            LayerList = "h",
            AttentionNorm = "ln_1",
            MlpNorm = "ln_2",
            FinalNorm = ["ln_f"],
            Attention = ["attn"],
            PackedProjection = "c_attn",
            OutputProjection = "c_proj",
            Activation = "mlp.act",
            DownProjection = "mlp.c_proj",
        },
        new()
        {
            Family = "gpt_neo",
            LayerList = "h",
            AttentionNorm = "ln_1",
            MlpNorm = "ln_2",
            FinalNorm = ["ln_f"],
            Attention = ["attn.attention"],
            Query = "q_proj",
            Key = "k_proj",
            Value = "v_proj",
            PackedProjection = "qkv_proj",
            OutputProjection = "out_proj",
            Activation = "mlp.act",
            DownProjection = "mlp.c_proj",
        },
        new()
        {
            Family = "gpt_neox",
            LayerList = "layers",
            AttentionNorm = "input_layernorm",
            MlpNorm = "post_attention_layernorm",
            FinalNorm = ["final_layer_norm"],
            Attention = ["attention"],
            PackedProjection = "query_key_value",
            PacksByHead = true,
            OutputProjection = "dense",
            Activation = "mlp.act",
            DownProjection = "mlp.dense_4h_to_h",
        },
        new()
        {
            Family = "llama",
            LayerList = "layers",
            AttentionNorm = "input_layernorm",
            MlpNorm = "post_attention_layernorm",
            FinalNorm = ["norm", "final_norm_layernorm"],
            Attention = ["self_attn", "attn"],
            Query = "q_proj",
            Key = "k_proj",
            Value = "v_proj",
            PackedProjection = "qkv_proj",
            OutputProjection = "o_proj",
            Activation = "mlp.act_fn",
            DownProjection = "mlp.down_proj",

            // Gemma 2 normalises after each sub-layer too; its post_attention_layernorm is there.
            ForeignModules = ["pre_feedforward_layernorm", "post_feedforward_layernorm"],
        },
    ];
}
