using System.Collections.Immutable;

namespace OnnxIntervene.Components;

/// <summary>The components' names, which are pyvene's.</summary>
public static class ComponentNames
{
    /// <summary>What a layer reads: the residual stream before it.</summary>
    public const string BlockInput = "block_input";

    /// <summary>What a layer gives: the residual stream behind it.</summary>
    public const string BlockOutput = "block_output";

    /// <summary>What the feed-forward sub-layer reads.</summary>
    public const string MlpInput = "mlp_input";

    /// <summary>What the feed-forward sub-layer adds to the residual stream.</summary>
    public const string MlpOutput = "mlp_output";

    /// <summary>The output of the activation function.</summary>
    public const string MlpActivation = "mlp_activation";

    /// <summary>What the attention sub-layer reads.</summary>
    public const string AttentionInput = "attention_input";

    /// <summary>What the attention sub-layer adds to the residual stream.</summary>
    public const string AttentionOutput = "attention_output";

    /// <summary>The heads' mixed values, which the output projection reads.</summary>
    public const string AttentionValueOutput = "attention_value_output";

    /// <summary>The query projection, before rotary embedding.</summary>
    public const string QueryOutput = "query_output";

    /// <summary>The key projection, before rotary embedding.</summary>
    public const string KeyOutput = "key_output";

    /// <summary>The value projection.</summary>
    public const string ValueOutput = "value_output";

    /// <summary>The attention probabilities, <c>[batch, head, query, key]</c>.</summary>
    public const string AttentionWeight = "attention_weight";

    /// <summary>What the name of a component split into heads begins with.</summary>
    public const string HeadPrefix = "head_";

    /// <summary>The components of a transformer's layer, in the order in which a forward pass meets them.</summary>
    public static ImmutableArray<string> OfLayer { get; } =
    [
        BlockInput, AttentionInput, QueryOutput, KeyOutput, ValueOutput, AttentionWeight, AttentionValueOutput, AttentionOutput,
        MlpInput, MlpActivation, MlpOutput, BlockOutput,
    ];

    /// <summary>The components that can be split into heads.</summary>
    public static ImmutableArray<string> WithHeads { get; } = [QueryOutput, KeyOutput, ValueOutput, AttentionValueOutput];
}
