using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions.Kinds;

namespace OnnxIntervene.Baking;

/// <summary>One unit of a site: which elements of its tensor's last axis it has, and what is made of them.</summary>
/// <param name="Elements">The elements, in the unit's order.</param>
/// <param name="Form">What is made of them.</param>
internal sealed record FoldBlock(int[] Elements, AffineForm Form)
{
    /// <summary>The blocks of a site: one, or one a head that it acts on; null where its kind is not affine.</summary>
    public static IReadOnlyList<FoldBlock>? Of(ConstantSite site)
    {
        if (site.Intervention.Type.Affine is not { } affine)
            return null;
        var blocks = new List<FoldBlock>();
        foreach (var head in site.Component.Heads > 0 ? site.ChosenHeads : [0])
        {
            var source = site.Source is null ? null : site.ScaledSource(head);
            var form = affine(new AffineInputs(site.Component.Width, site.Intervention.Parameters, source, site.Mask));
            if (form is null)
                return null;
            blocks.Add(new FoldBlock(ElementsOf(site.Component, head), form));
        }

        return blocks;
    }

    /// <summary>Which elements of the tensor a unit of a component has.</summary>
    public static int[] ElementsOf(Component component, int head) =>
        [
            .. Enumerable
                .Range(head * component.Width, component.Width)
                .Select(index =>
                    component.Source switch
                    {
                        SliceSource slice => slice.Start + index,
                        InterleavedSource packed => (
                            ((index / packed.HeadWidth * InterleavedSource.Parts) + packed.Part) * packed.HeadWidth
                        ) + (index % packed.HeadWidth),
                        _ => index,
                    }
                ),
        ];
}
