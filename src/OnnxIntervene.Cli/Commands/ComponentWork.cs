using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Cli.Commands;

/// <summary>What lies between what a component reads and the component: where to look when it differs.</summary>
internal static class ComponentWork
{
    /// <summary>The operations in words; empty where the component's name says it.</summary>
    public static string Of(string name)
    {
        var isCross = name.StartsWith(ComponentNames.CrossPrefix, StringComparison.Ordinal);
        return (isCross ? name[ComponentNames.CrossPrefix.Length..] : name) switch
        {
            ComponentNames.BlockInput => "the embeddings; after the first layer, the stream",
            ComponentNames.AttentionInput or ComponentNames.MlpInput or ComponentNames.MixerInput =>
                "the norm before the sub-layer",
            ComponentNames.QueryOutput => "the query projection",
            ComponentNames.KeyOutput => "the key projection",
            ComponentNames.ValueOutput => "the value projection",
            ComponentNames.AttentionWeight => "rotary embedding, scale, cap, mask, softmax of q · k",
            ComponentNames.AttentionValueOutput => "the mix of values, by the attention weights",
            ComponentNames.AttentionOutput => "the attention's output projection",
            ComponentNames.ResidMid => "the addition after attention, and a norm before it",
            ComponentNames.MlpActivation => "the first projection (gate) and the activation function",
            ComponentNames.MlpOutput => "the projections up (where gated) and down",
            ComponentNames.BlockOutput => "the addition after the sub-layer, and a norm before it",
            _ => "",
        };
    }
}
