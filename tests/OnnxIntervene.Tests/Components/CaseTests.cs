using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Components;

/// <summary>Small models that were once misread.</summary>
public sealed class CaseTests
{
    [TestCase("weights-behind-arithmetic")]
    [TestCase("dynamically-quantised")]
    [TestCase("addition-inside-norm-outside")]
    public void Every_usual_component_is_found(string name)
    {
        var map = Map(name);

        Assert.That(map.Missing, Is.Empty);
        foreach (var layer in Enumerable.Range(0, 2))
        foreach (
            var component in ComponentNames.OfLayer.Where(component =>
                ComponentNames.InputOf(component) is not null
                && !component.StartsWith(ComponentNames.CrossPrefix, StringComparison.Ordinal)
                && !component.Contains("proj", StringComparison.Ordinal)
                && component is not ("conv_output" or "mixer_input" or "mixer_output")
            )
        )
            Assert.That(map.Get(layer, component).Width, Is.EqualTo(16), component);
        Assert.That(map.Get(1, ComponentNames.MlpActivation).Width, Is.EqualTo(32));
    }

    [Test]
    public void The_activation_is_what_is_quantised_before_the_second_matrix()
    {
        var activation = (TensorSource)Map("dynamically-quantised").Get(0, ComponentNames.MlpActivation).Source;

        Assert.That(
            activation.Value.Uses.Select(use => use.Node.Operator.OperatorType),
            Is.EqualTo(new[] { "DynamicQuantizeLinear" })
        );
    }

    [Test]
    public void A_layer_without_a_usual_component_says_so()
    {
        var map = ComponentMap.Find(Handmade.Build(new HandmadeStyle("none") { Activation = "none" }).Model);

        Assert.That(
            map.Missing.Select(missing => missing.Address),
            Is.EqualTo(new[] { new ComponentAddress(0, "mlp_activation"), new ComponentAddress(1, "mlp_activation") })
        );
    }

    private static ComponentMap Map(string name) =>
        ComponentMap.Find(OnnxFile.Load(Path.Combine(RepositoryPaths.OwnReferences, "cases", name, "model.onnx")));
}
