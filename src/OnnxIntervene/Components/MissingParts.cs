namespace OnnxIntervene.Components;

/// <summary>Says of layers with attention which of its components the graph did not show, and why.</summary>
internal static class MissingParts
{
    private static readonly (string Name, string Reason)[] s_attention =
    [
        (ComponentNames.QueryOutput, "no linear layer, or known part of a packed one, is behind the queries of the scores"),
        (ComponentNames.KeyOutput, "no linear layer, or known part of a packed one, is behind the keys of the scores"),
        (ComponentNames.ValueOutput, "no linear layer, or known part of a packed one, is behind the values"),
        (ComponentNames.AttentionWeight, "no tensor [batch, head, query, key] of probabilities, or no number of heads, was found"),
        (ComponentNames.AttentionValueOutput, "no linear layer reads the mixed values"),
        (ComponentNames.AttentionOutput, "no linear layer reads the mixed values"),
    ];

    /// <summary>What is missing of layers in which an attention was found.</summary>
    public static IEnumerable<MissingComponent> Of(IReadOnlyCollection<Component> found, int layerCount)
    {
        var known = found.Select(component => component.Address).ToHashSet();
        foreach (var layer in Enumerable.Range(0, layerCount).Where(layer => known.Contains(new ComponentAddress(layer, ComponentNames.AttentionInput))
            || known.Contains(new ComponentAddress(layer, ComponentNames.AttentionValueOutput))))
        {
            foreach (var (name, reason) in s_attention)
            {
                var (whole, split) = (new ComponentAddress(layer, name), new ComponentAddress(layer, ComponentNames.HeadPrefix + name));
                if (!known.Contains(whole))
                    yield return new MissingComponent(whole, reason);
                if (ComponentNames.WithHeads.Contains(name) && !known.Contains(split))
                    yield return new MissingComponent(split, known.Contains(whole) ? "the number of heads is not known" : reason);
            }
        }
    }
}
