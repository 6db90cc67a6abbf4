using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Components;

/// <summary>Says which components of attention the graph did not show in a layer, and why.</summary>
internal static class MissingParts
{
    private static readonly (string Name, string Reason)[] s_attention =
    [
        (
            ComponentNames.QueryOutput,
            "no linear layer, or known part of a packed one, computes the queries of the scores"
        ),
        (
            ComponentNames.KeyOutput,
            "no linear layer, or known part of a packed one, computes the keys of the scores, in every branch of "
                + "the graph"
        ),
        (
            ComponentNames.ValueOutput,
            "no linear layer, or known part of a packed one, computes the values, in every branch of the graph"
        ),
        (
            ComponentNames.AttentionWeight,
            "no tensor [batch, head, query, key] of probabilities, or no number of heads, was found"
        ),
        (ComponentNames.AttentionValueOutput, "no linear layer reads the mixed values"),
        (ComponentNames.AttentionOutput, "no linear layer reads the mixed values"),
    ];

    /// <summary>What is missing from layers in which an attention was found.</summary>
    public static IEnumerable<MissingComponent> Of(IReadOnlyCollection<Component> found, int layerCount)
    {
        var known = found.Select(component => component.Address).ToHashSet();
        foreach (var layer in Enumerable.Range(0, layerCount))
        {
            foreach (
                var prefix in new[] { "", ComponentNames.CrossPrefix }.Where(prefix =>
                    HasAttention(known, layer, prefix)
                )
            )
            {
                foreach (
                    var missing in s_attention.SelectMany(part => Of(known, layer, prefix, part.Name, part.Reason))
                )
                    yield return missing;
            }
        }
    }

    private static bool HasAttention(HashSet<ComponentAddress> known, int layer, string prefix) =>
        known.Contains(new ComponentAddress(layer, prefix + ComponentNames.AttentionInput))
        || known.Contains(new ComponentAddress(layer, prefix + ComponentNames.AttentionValueOutput));

    private static IEnumerable<MissingComponent> Of(
        HashSet<ComponentAddress> known,
        int layer,
        string prefix,
        string name,
        string reason
    )
    {
        var whole = new ComponentAddress(layer, prefix + name);
        var split = new ComponentAddress(layer, ComponentNames.HeadPrefix + prefix + name);
        if (!known.Contains(whole))
            yield return new MissingComponent(whole, reason);
        if (ComponentNames.WithHeads.Contains(name) && !known.Contains(split))
            yield return new MissingComponent(split, known.Contains(whole) ? "the number of heads is unknown" : reason);
    }
}
