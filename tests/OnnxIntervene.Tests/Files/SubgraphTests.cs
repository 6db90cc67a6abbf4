using OnnxIntervene.Components;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Files;

/// <summary>Tensors around and inside branches and loops.</summary>
public sealed class SubgraphTests
{
    [TestCase("Loop", "state")]
    [TestCase("Scan", "part")]
    public void A_tensor_inside_is_refused_with_the_reason_and_what_can_be_named(string type, string tensor)
    {
        var map = ComponentMap.Find(SubgraphModels.Of(type));

        Assert.That(
            () => map.Get(0, tensor),
            Throws
                .TypeOf<InterventionException>()
                .With.Message.Contains(tensor)
                .And.Message.Contains($"{type} node")
                .And.Message.Contains("'hidden'")
        );
    }

    [TestCase("If", "hidden")]
    [TestCase("Loop", "hidden")]
    [TestCase("Scan", "hidden")]
    [TestCase("Loop", "given")]
    [TestCase("Scan", "given")]
    [TestCase("If", "given")]
    public void A_tensor_outside_is_changed_for_what_reads_it_inside(string type, string tensor)
    {
        var sample = FileSample.Of(type, SubgraphModels.Of(type), tensor);
        var plain = PlainRun.Output(sample.Model, sample.Arrays, "y");

        using var model = SketchedModel.Load(sample.Model, tensor, InterventionType.Zero);
        var result = model.Run(sample.Inputs(), null, UnitLocations.Everywhere);

        Assert.That(Difference.Largest(result.Intervened.Logits.Floats, plain.Floats), Is.GreaterThan(1e-2));
        Assert.That(result.Intervened.Logits.Floats.ToArray(), Is.EqualTo(Zeroed(sample, tensor)).Within(1e-6));
    }

    // The same made by hand: all that reads the tensor reads zeros.
    private static float[] Zeroed(FileSample sample, string tensor)
    {
        var model = sample.Model.Copy();
        var value = model.Graph.FindValue(tensor)!;
        var zero = model.Graph.AddInput("zero", ModelSketch.Type(ElementType.Float32, 1));
        var product = model.Graph.AddNode("zeroed", new("", "Mul"), [value, zero], ["zeroed_out"], []);
        model.Graph.Redirect(value, product.Output, NameScope.Of(model), product);
        GraphOrder.Sort(model.Graph);
        return PlainRun
            .Output(model, sample.Arrays.Add("zero", NumericArray.Of(new float[1], 1)), "y")
            .Floats.ToArray();
    }
}
