using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Components;

/// <summary>Says which components that are usual for a layer the graph did not show, and why.</summary>
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

    private static readonly (string Name, string Reason)[] s_feedForward =
    [
        (ComponentNames.MlpInput, "no linear layer of a feed-forward reads the stream, or its norm, in this layer"),
        (
            ComponentNames.MlpActivation,
            "no one tensor between the feed-forward's first and last linear layer is its activation; each expert of a "
                + "mixture has its own"
        ),
        (ComponentNames.MlpOutput, "no feed-forward adds to the stream in this layer"),
    ];

    /// <summary>What is missing from layers of a kind that usually has it.</summary>
    public static IEnumerable<MissingComponent> Of(IReadOnlyCollection<Component> found, ComponentStack stack)
    {
        var name = stack.IsMain ? null : stack.Name;
        var known = found.Select(component => component.Address).ToHashSet();
        var attends = Enumerable
            .Range(0, stack.LayerCount)
            .Any(layer => HasAttention(known, new ComponentAddress(layer, "") { Stack = name }));
        foreach (var layer in Enumerable.Range(0, stack.LayerCount))
        {
            var own = new ComponentAddress(layer, "") { Stack = name };
            foreach (var missing in IsOfTransformer(known, own) ? Usual(known, own, attends) : [])
                yield return missing;
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

    private static IEnumerable<MissingComponent> Usual(
        HashSet<ComponentAddress> known,
        ComponentAddress layer,
        bool attends
    )
    {
        if (attends && !HasAttention(known, layer))
        {
            foreach (var name in s_attention.Select(part => part.Name).Prepend(ComponentNames.AttentionInput))
                yield return new MissingComponent(
                    layer with
                    {
                        Name = name,
                    },
                    "the graph's structure shows no attention in this layer"
                );
        }

        var middle = layer with { Name = ComponentNames.ResidMid };
        if (HasBoth(known, layer) && !known.Contains(middle))
            yield return new MissingComponent(
                middle,
                "no stream lies between attention and feed-forward: they read one stream side by side, or the "
                    + "feed-forward comes first"
            );
        foreach (var missing in s_feedForward.SelectMany(part => Of(known, layer, part.Name, part.Reason)))
            yield return missing;
    }

    // A perceptron's layers have an activation alone; mixers and recurrent layers have names of their own.
    private static bool IsOfTransformer(HashSet<ComponentAddress> known, ComponentAddress layer)
    {
        return !Has(ComponentNames.MixerInput)
            && (
                HasAttention(known, layer)
                || Has(ComponentNames.MlpInput)
                || Has(ComponentNames.MlpOutput)
                || (Has(ComponentNames.BlockInput) && !Has(ComponentNames.MlpActivation))
            );

        bool Has(string name) => known.Contains(layer with { Name = name });
    }

    private static bool HasBoth(HashSet<ComponentAddress> known, ComponentAddress layer) =>
        HasAttention(known, layer) && known.Contains(layer with { Name = ComponentNames.MlpOutput });

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
