using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Gradients;

/// <summary>The layers whose outputs are kept for a way back that computes the rest a second time.</summary>
internal static class KeptLayers
{
    /// <summary>Their outputs, from the lowest site on; none to keep everything.</summary>
    /// <param name="components">The model's components.</param>
    /// <param name="sites">The interventions.</param>
    /// <param name="every">Of how many layers one is kept; 0 to keep everything.</param>
    public static ImmutableArray<ComponentAddress> Of(
        ComponentMap components,
        IReadOnlyList<SpliceSite> sites,
        int every
    )
    {
        var kept = ImmutableArray.CreateBuilder<ComponentAddress>();
        if (every > 0)
        {
            for (var layer = sites.Min(site => site.Address.Layer); layer < components.LayerCount; layer += every)
                kept.Add(new ComponentAddress(layer, ComponentNames.BlockOutput));
        }

        return kept.ToImmutable();
    }

    /// <summary>The tensors that hold them; null to keep everything.</summary>
    public static List<Value>? Tensors(SplicedModel spliced, ImmutableArray<ComponentAddress> kept)
    {
        if (kept.IsEmpty)
            return null;
        var values = spliced.Model.Graph.AllValues().DistinctBy(value => value.Name).ToDictionary(value => value.Name);
        return [.. kept.Select(address => values[spliced.Boundaries[address]])];
    }
}
