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
    public static IEnumerable<MissingComponent> Of(IReadOnlyCollection<Component> found, int layerCount)
    {
        var known = found.Select(component => component.Address).ToHashSet();
        var attends = Enumerable.Range(0, layerCount).Any(layer => HasAttention(known, layer, ""));
        foreach (var layer in Enumerable.Range(0, layerCount))
        {
            if (attends && !HasAttention(known, layer, "") && IsOfTransformer(known, layer))
                foreach (var part in s_attention.Prepend((ComponentNames.AttentionInput, "")))
                    yield return new MissingComponent(
                        new ComponentAddress(layer, part.Item1),
                        "the graph's structure shows no attention in this layer"
                    );
            if (HasBoth(known, layer) && !known.Contains(new ComponentAddress(layer, ComponentNames.ResidMid)))
                yield return new MissingComponent(
                    new ComponentAddress(layer, ComponentNames.ResidMid),
                    "no stream lies between attention and feed-forward: they read one stream side by side, or the "
                        + "feed-forward comes first"
                );
            if (IsOfTransformer(known, layer))
                foreach (var missing in s_feedForward.SelectMany(part => Of(known, layer, "", part.Name, part.Reason)))
                    yield return missing;
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

    // A perceptron's layers have an activation alone; mixers and recurrent layers have names of their own.
    private static bool IsOfTransformer(HashSet<ComponentAddress> known, int layer)
    {
        return !Has(ComponentNames.MixerInput)
            && (
                HasAttention(known, layer, "")
                || Has(ComponentNames.MlpInput)
                || Has(ComponentNames.MlpOutput)
                || (Has(ComponentNames.BlockInput) && !Has(ComponentNames.MlpActivation))
            );

        bool Has(string name) => known.Contains(new ComponentAddress(layer, name));
    }

    private static bool HasBoth(HashSet<ComponentAddress> known, int layer) =>
        HasAttention(known, layer, "") && known.Contains(new ComponentAddress(layer, ComponentNames.MlpOutput));

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
