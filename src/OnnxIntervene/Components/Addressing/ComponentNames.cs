using System.Collections.Immutable;

namespace OnnxIntervene.Components.Addressing;

/// <summary>The components' names, which are pyvene's.</summary>
public static class ComponentNames
{
    /// <summary>What a layer reads: the residual stream before it.</summary>
    public const string BlockInput = "block_input";

    /// <summary>What a layer outputs: the residual stream after it.</summary>
    public const string BlockOutput = "block_output";

    /// <summary>The residual stream between a layer's attention and its feed-forward.</summary>
    public const string ResidMid = "resid_mid";

    /// <summary>What the feed-forward sub-layer reads.</summary>
    public const string MlpInput = "mlp_input";

    /// <summary>
    /// What the feed-forward sub-layer adds to the residual stream; in some families something else
    /// (<see cref="ComponentMeaning"/>).
    /// </summary>
    public const string MlpOutput = "mlp_output";

    /// <summary>The output of the activation function.</summary>
    public const string MlpActivation = "mlp_activation";

    /// <summary>What the attention sub-layer reads.</summary>
    public const string AttentionInput = "attention_input";

    /// <summary>
    /// What the attention sub-layer adds to the residual stream; in some families something else
    /// (<see cref="ComponentMeaning"/>).
    /// </summary>
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

    /// <summary>The logits by which a mixture of experts chooses, <c>[batch × position, experts]</c>.</summary>
    public const string RouterOutput = "router_output";

    /// <summary>What a state space mixer reads.</summary>
    public const string MixerInput = "mixer_input";

    /// <summary>What a state space mixer adds to the residual stream.</summary>
    public const string MixerOutput = "mixer_output";

    /// <summary>A mixer's first projection, both halves.</summary>
    public const string InProjOutput = "in_proj_output";

    /// <summary>
    /// What the projection of a scan's parameters reads: the convolution's output after its activation.
    /// </summary>
    public const string ConvOutput = "conv_output";

    /// <summary>What a mixer's last projection reads: the gated scan.</summary>
    public const string OutProjInput = "out_proj_input";

    /// <summary>The state of a recurrent layer after a step.</summary>
    public const string CellOutput = "cell_output";

    /// <summary>The prefix of the names of cross-attention's components.</summary>
    public const string CrossPrefix = "cross_";

    /// <summary>The prefix of the names of components split into heads.</summary>
    public const string HeadPrefix = "head_";

    /// <summary>The components of a transformer's layer, in the order in which a forward pass meets them.</summary>
    public static ImmutableArray<string> OfLayer { get; } =
    [
        BlockInput,
        AttentionInput,
        QueryOutput,
        KeyOutput,
        ValueOutput,
        AttentionWeight,
        AttentionValueOutput,
        AttentionOutput,
        CrossPrefix + AttentionInput,
        CrossPrefix + QueryOutput,
        CrossPrefix + KeyOutput,
        CrossPrefix + ValueOutput,
        CrossPrefix + AttentionWeight,
        CrossPrefix + AttentionValueOutput,
        CrossPrefix + AttentionOutput,
        ResidMid,
        MixerInput,
        InProjOutput,
        ConvOutput,
        OutProjInput,
        MixerOutput,
        MlpInput,
        RouterOutput,
        MlpActivation,
        MlpOutput,
        BlockOutput,
        CellOutput,
    ];

    /// <summary>The components that can be split into heads.</summary>
    public static ImmutableArray<string> WithHeads { get; } =
    [QueryOutput, KeyOutput, ValueOutput, AttentionValueOutput];

    /// <summary>The components between what an attention reads and what it outputs.</summary>
    internal static ImmutableArray<string> InsideAttention { get; } =
    [QueryOutput, KeyOutput, ValueOutput, AttentionWeight, AttentionValueOutput];

    /// <summary>
    /// The input of the module whose output this component is: what Skip and LoRA read; the component itself where it
    /// is a module's input. Null where there is none.
    /// </summary>
    public static string? InputOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var prefix = name.StartsWith(CrossPrefix, StringComparison.Ordinal) ? CrossPrefix : "";
        return name[prefix.Length..] switch
        {
            BlockOutput => BlockInput,
            MlpOutput => MlpInput,
            MixerOutput or InProjOutput => MixerInput,
            AttentionOutput or QueryOutput or KeyOutput or ValueOutput => prefix + AttentionInput,
            BlockInput
            or MlpInput
            or MixerInput
            or AttentionInput
            or AttentionValueOutput
            or OutProjInput
            or ConvOutput => name,
            _ => null,
        };
    }

    /// <summary>Whether it is a component's name, split into heads or not.</summary>
    internal static bool IsKnown(string name) =>
        OfLayer.Contains(name)
        || (name.StartsWith(HeadPrefix, StringComparison.Ordinal) && OfLayer.Contains(name[HeadPrefix.Length..]));

    /// <summary>
    /// The component's rank in a forward pass; one split into heads comes after the whole. Unknown names come
    /// first.
    /// </summary>
    internal static int Order(string name)
    {
        var isHead = name.StartsWith(HeadPrefix, StringComparison.Ordinal);
        return (2 * OfLayer.IndexOf(isHead ? name[HeadPrefix.Length..] : name)) + (isHead ? 1 : 0);
    }
}
