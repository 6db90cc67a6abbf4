using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.IR;

namespace OnnxIntervene.Components.Addressing;

/// <summary>
/// TransformerLens' names of the places that are components here: <c>blocks.3.hook_resid_post</c>, or without
/// <c>blocks.3.</c> where the layer is said elsewhere.
/// </summary>
internal static class TransformerLensNames
{
    private const string Prefix = "blocks.";

    private static readonly ComponentMeaning[] s_added = [ComponentMeaning.Usual, ComponentMeaning.Added];
    private static readonly ComponentMeaning[] s_usual = [ComponentMeaning.Usual];
    private static readonly ComponentMeaning[] s_normalised = [ComponentMeaning.Normalised];

    private static readonly ImmutableDictionary<string, (string Component, ComponentMeaning[] Meanings)> s_names =
        new Dictionary<string, (string, ComponentMeaning[])>
        {
            ["hook_resid_pre"] = (ComponentNames.BlockInput, s_usual),
            ["hook_resid_mid"] = (ComponentNames.ResidMid, s_usual),
            ["hook_resid_post"] = (ComponentNames.BlockOutput, s_usual),
            ["hook_normalized_resid_mid"] = (ComponentNames.ResidMid, s_normalised),
            ["hook_normalized_resid_post"] = (ComponentNames.BlockOutput, s_normalised),
            ["hook_attn_out"] = (ComponentNames.AttentionOutput, s_added),
            ["hook_mlp_out"] = (ComponentNames.MlpOutput, s_added),
            ["attn.hook_q"] = (ComponentNames.HeadPrefix + ComponentNames.QueryOutput, s_usual),
            ["attn.hook_k"] = (ComponentNames.HeadPrefix + ComponentNames.KeyOutput, s_usual),
            ["attn.hook_v"] = (ComponentNames.HeadPrefix + ComponentNames.ValueOutput, s_usual),
            ["attn.hook_z"] = (ComponentNames.HeadPrefix + ComponentNames.AttentionValueOutput, s_usual),
            ["attn.hook_pattern"] = (ComponentNames.AttentionWeight, s_usual),
            ["mlp.hook_post"] = (ComponentNames.MlpActivation, s_usual),
        }.ToImmutableDictionary(StringComparer.Ordinal);

    /// <summary>The names without a layer, sorted.</summary>
    public static IEnumerable<string> All => s_names.Keys.Order(StringComparer.Ordinal);

    /// <summary>Whether a name is written as TransformerLens writes names, of whatever place.</summary>
    public static bool IsOne(string name)
    {
        var (_, place) = Parts(name);
        return place != name
            || place.StartsWith("hook_", StringComparison.Ordinal)
            || place.Contains(".hook_", StringComparison.Ordinal);
    }

    /// <summary>The layer that a name holds; null where it holds none.</summary>
    public static int? LayerOf(string name) => Parts(name).Layer;

    /// <summary>The component that a name stands for; null where it stands for none.</summary>
    /// <param name="layer">The layer that goes with the name, where the name holds none.</param>
    /// <param name="name">The name.</param>
    /// <exception cref="InterventionException">The name holds another layer than one given, not 0.</exception>
    public static ComponentAddress? AddressOf(int layer, string name)
    {
        var (own, place) = Parts(name);
        if (!s_names.TryGetValue(place, out var entry))
            return null;
        if (own is { } named && layer != 0 && layer != named)
            throw new InterventionException(
                $"'{name}' is in layer {named}, but layer {layer} is asked for; leave the layer out."
            );
        return new ComponentAddress(own ?? layer, entry.Component);
    }

    /// <summary>Why a name does not stand for the component that a model has; null where it does.</summary>
    public static string? Refusal(string name, Component component)
    {
        var (_, place) = Parts(name);
        if (!s_names.TryGetValue(place, out var entry) || entry.Meanings.Contains(component.Meaning))
            return null;
        return $"in this model {component.Address.Name} is another place than TransformerLens' '{place}': "
            + $"{component.Meaning.Text()}. Use '{component.Address.Name}' for it";
    }

    private static (int? Layer, string Place) Parts(string name)
    {
        if (!name.StartsWith(Prefix, StringComparison.Ordinal))
            return (null, name);
        var end = name.IndexOf('.', Prefix.Length);
        return
            end > 0
            && int.TryParse(
                name.AsSpan(Prefix.Length, end - Prefix.Length),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var layer
            )
            ? (layer, name[(end + 1)..])
            : (null, name);
    }
}
