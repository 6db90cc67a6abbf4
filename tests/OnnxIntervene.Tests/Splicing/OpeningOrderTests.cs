using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Tests.Splicing;

/// <summary>Fused operators are opened in the order of the graph, in whatever order sites are named.</summary>
public sealed class OpeningOrderTests
{
    private static IEnumerable<string> WithFusedAttention() =>
        ReferenceExports
            .All()
            .Where(export =>
            {
                using var model = ReferenceExports.Load(export);
                return model.Components.LayerCount > 1
                    && model.Components.Components.Any(component =>
                        component.Address == new ComponentAddress(1, ComponentNames.AttentionWeight)
                        && SourcePlaces.OpenedNode(component.Source) is not null
                    );
            });

    [TestCaseSource(nameof(WithFusedAttention))]
    public void Layers_may_be_named_in_any_order(string export)
    {
        using var model = ReferenceExports.Load(export);
        var inputs = ModelInputs.FromTokens([1, 2, 3, 4]);

        var (up, down) = (Config(0, 1), Config(1, 0));

        var one = model.With(up).Run(inputs, unitLocations: Everywhere).Intervened.Logits.Floats.ToArray();
        var other = model.With(down).Run(inputs, unitLocations: Everywhere).Intervened.Logits.Floats.ToArray();
        var plain = model.With(IntervenableConfig.Empty).Run(inputs).Intervened.Logits.Floats.ToArray();
        Assert.That(other, Is.EqualTo(one).Within(1e-6f));
        Assert.That(plain, Is.Not.EqualTo(one).Within(1e-4f));
    }

    private static UnitLocations Everywhere => new([null, null], [null, null]);

    private static IntervenableConfig Config(params int[] layers) =>
        new()
        {
            Representations =
            [
                .. layers.Select(layer => new RepresentationConfig
                {
                    Layer = layer,
                    Component = ComponentNames.AttentionWeight,
                    Unit = "h",
                    InterventionType = InterventionType.Zero,
                }),
            ],
        };
}
