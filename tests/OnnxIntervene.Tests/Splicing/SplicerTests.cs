using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tests.Files;

namespace OnnxIntervene.Tests.Splicing;

/// <summary>A splice belongs to one model and to the components that were found in it.</summary>
public sealed class SplicerTests
{
    [Test]
    public void The_components_of_another_model_are_refused()
    {
        var model = SmallTransformer.WithAttention();
        var other = ComponentMap.Find(SmallTransformer.WithAttention());

        Assert.That(() => Splicer.Splice(model, other, []), Throws.ArgumentException);
    }

    [Test]
    public void The_model_and_its_components_stay_as_they_are()
    {
        var model = SmallTransformer.WithAttention();
        var components = ComponentMap.Find(model);
        var before = GraphPrinter.Print(model);

        var spliced = Splicer.Splice(model, components, [Zero(1), Zero(0)]);

        Assert.That(GraphPrinter.Print(model), Is.EqualTo(before));
        Assert.That(spliced.Components, Is.SameAs(components));
        Assert.That(spliced.Sites[0].Component, Is.SameAs(components.Get(1, ComponentNames.BlockOutput)));
    }

    [Test]
    public void Sites_act_in_the_order_of_the_graph()
    {
        var model = SmallTransformer.WithAttention();

        var spliced = Splicer.Splice(
            model,
            ComponentMap.Find(model),
            [Zero(1), new SpliceSite(new ComponentAddress(7, "layer.0.result"), InterventionType.Zero), Zero(0)]
        );

        Assert.That(spliced.Order, Is.EqualTo(new[] { 1, 2, 0 }));
    }

    private static SpliceSite Zero(int layer) =>
        new(new ComponentAddress(layer, ComponentNames.BlockOutput), InterventionType.Zero);
}
