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
    public static IEnumerable<MissingComponent> Of(IReadOnlyCollection<Component> found, ComponentStack stack)
    {
        var name = stack.IsMain ? null : stack.Name;
        var known = found.Select(component => component.Address).ToHashSet();
        foreach (var layer in Enumerable.Range(0, stack.LayerCount))
        {
            foreach (
                var prefix in new[] { "", ComponentNames.CrossPrefix }.Where(prefix =>
                    HasAttention(known, new ComponentAddress(layer, prefix) { Stack = name })
                )
            )
            {
                foreach (
                    var missing in s_attention.SelectMany(part =>
                        Of(known, new ComponentAddress(layer, prefix) { Stack = name }, part.Name, part.Reason)
                    )
                )
                    yield return missing;
            }
        }
    }

    private static bool HasAttention(HashSet<ComponentAddress> known, ComponentAddress prefix) =>
        known.Contains(prefix with { Name = prefix.Name + ComponentNames.AttentionInput })
        || known.Contains(prefix with { Name = prefix.Name + ComponentNames.AttentionValueOutput });

    private static IEnumerable<MissingComponent> Of(
        HashSet<ComponentAddress> known,
        ComponentAddress prefix,
        string name,
        string reason
    )
    {
        var whole = prefix with { Name = prefix.Name + name };
        var split = prefix with { Name = ComponentNames.HeadPrefix + prefix.Name + name };
        if (!known.Contains(whole))
            yield return new MissingComponent(whole, reason);
        if (ComponentNames.WithHeads.Contains(name) && !known.Contains(split))
            yield return new MissingComponent(split, known.Contains(whole) ? "the number of heads is unknown" : reason);
    }
}
