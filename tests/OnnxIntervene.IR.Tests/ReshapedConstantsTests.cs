using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.IR.Tests;

/// <summary>Weights that a graph only gives another shape.</summary>
public sealed class ReshapedConstantsTests
{
    private static readonly FileSpan s_span = new("/weights.bin", 4096, 4800);

    [Test]
    public void A_reshaped_weight_is_the_same_bytes_in_another_shape()
    {
        var model = SampleModels.Simple(8, 21);
        var (weight, reshape) = Reshaped(model, [-1, 2]);
        model.Graph.AddNode("other", new("", "Neg"), [weight], ["other_out"], []);

        ReshapedConstants.Fold(model);

        Assert.That(reshape.Graph, Is.Null);
        var read = model.Graph.FindValue("last_out")!.Producer!.Inputs[0]!;
        Assert.That(read.Name, Is.EqualTo("reshaped"));
        Assert.That(read.Initializer!.Dimensions, Is.EqualTo(new long[] { 600, 2 }));
        Assert.That(read.Initializer.Span, Is.EqualTo(s_span));
        Assert.That(model.Graph.Initializers, Does.Contain(weight), "another node reads it as it was");
    }

    [Test]
    public void A_weight_that_nothing_else_reads_goes()
    {
        var model = SampleModels.Simple(8, 21);
        var (weight, _) = Reshaped(model, [1200]);

        ReshapedConstants.Fold(model);

        Assert.That(model.Graph.Initializers, Does.Not.Contain(weight));
    }

    [Test]
    public void What_a_run_may_set_and_what_a_model_gives_out_stay()
    {
        var (overridable, output) = (SampleModels.Simple(8, 21), SampleModels.Simple(8, 21));
        var (weight, first) = Reshaped(overridable, [1200]);
        overridable.Graph.AddInput(weight);
        var (_, second) = Reshaped(output, [1200]);
        output.Graph.AddOutput(second.Output);

        ReshapedConstants.Fold(overridable);
        ReshapedConstants.Fold(output);

        Assert.That(first.Graph, Is.SameAs(overridable.Graph));
        Assert.That(second.Graph, Is.SameAs(output.Graph));
    }

    private static (Value Weight, Node Reshape) Reshaped(Model model, long[] sizes)
    {
        var graph = model.Graph;
        var weight = graph.AddInitializer("weight", TensorData.FromFile(ElementType.Float32, [40, 30], s_span));
        var shape = graph.AddInitializer("shape", TensorData.FromIntegers([sizes.Length], sizes));
        var reshape = graph.AddNode("reshape", new("", "Reshape"), [weight, shape], ["reshaped"], []);
        var last = graph.AddNode("last", new("", "Abs"), [reshape.Output], ["last_out"], []);
        graph.AddOutput(last.Output);
        return (weight, reshape);
    }
}
