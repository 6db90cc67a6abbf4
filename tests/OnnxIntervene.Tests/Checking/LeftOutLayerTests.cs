using OnnxIntervene.Checking;

namespace OnnxIntervene.Tests.Checking;

/// <summary>A layer that is not given out, and not said to be left out, is found by the check.</summary>
public sealed class LeftOutLayerTests
{
    [Test]
    public void A_map_without_one_layer_is_contradicted(
        [Values(
            "gpt2/optimum",
            "gpt2/ort-fused",
            "llama/genai-fp32",
            "gemma2/optimum",
            "bert/optimum",
            "bert/ort-fused",
            "olmo2/optimum",
            "opt/optimum"
        )]
            string export,
        [Values(0, 1)] int layer
    )
    {
        using var model = ReferenceExports.Load(export);
        var map = new MapMutator(model.Components, model.Model, seed: 1).Without(layer)!.Value.Map;
        using var wrong = model.With(map);

        Assert.That(
            map.Check(wrong).Contradicted.Select(finding => finding.Law),
            Does.Contain("no layer is left unnamed")
        );
    }
}
