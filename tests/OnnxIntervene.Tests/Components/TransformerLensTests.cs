using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Components;

/// <summary>TransformerLens' names stand for components at the same places, and are refused elsewhere.</summary>
public sealed class TransformerLensTests
{
    [TestCase("blocks.1.hook_resid_pre", "block_input")]
    [TestCase("blocks.1.hook_resid_mid", "resid_mid")]
    [TestCase("blocks.1.hook_resid_post", "block_output")]
    [TestCase("blocks.1.hook_attn_out", "attention_output")]
    [TestCase("blocks.1.hook_mlp_out", "mlp_output")]
    [TestCase("blocks.1.attn.hook_q", "head_query_output")]
    [TestCase("blocks.1.attn.hook_k", "head_key_output")]
    [TestCase("blocks.1.attn.hook_v", "head_value_output")]
    [TestCase("blocks.1.attn.hook_z", "head_attention_value_output")]
    [TestCase("blocks.1.attn.hook_pattern", "attention_weight")]
    [TestCase("blocks.1.mlp.hook_post", "mlp_activation")]
    public void A_name_is_the_component_of_its_layer(string name, string component)
    {
        var map = Map("gpt2");

        Assert.That(map.Get(0, name), Is.EqualTo(map.Get(1, component)));
        Assert.That(map.Get(1, name["blocks.1.".Length..]), Is.EqualTo(map.Get(1, component)));
        Assert.That(map.AddressesOf(name, []), Is.EqualTo(new[] { new ComponentAddress(1, component) }));
        Assert.That(map.AddressesOf(name["blocks.1.".Length..], []), Has.Length.EqualTo(map.LayerCount));
    }

    [TestCase("bert", "blocks.0.hook_attn_out", "attention_output")]
    [TestCase("bert", "blocks.0.hook_resid_post", "normalized|after the norm")]
    [TestCase("esm", "blocks.0.hook_mlp_out", "mlp_output")]
    [TestCase("gemma2", "blocks.0.hook_attn_out", "before the norm")]
    [TestCase("llama", "blocks.0.mlp.hook_post", "gate")]
    [TestCase("blip", "blocks.0.mlp.hook_post", "activation function reads")]
    [TestCase("gpt_neox", "blocks.0.hook_resid_mid", "side by side")]
    [TestCase("gpt2", "hook_embed", "blocks.LAYER")]
    [TestCase("gpt2", "blocks.0.attn.hook_attn_scores", "attn.hook_pattern")]
    [TestCase("gpt2", "blocks.99.hook_resid_pre", "no layer 99")]
    public void A_name_of_another_place_is_refused_with_the_reason(string family, string name, string reason) =>
        Assert.That(() => Map(family).Get(0, name), Throws.TypeOf<InterventionException>().With.Message.Match(reason));

    [Test]
    public void A_name_that_holds_a_layer_contradicts_another() =>
        Assert.That(
            () => Map("gpt2").Get(2, "blocks.1.hook_resid_pre"),
            Throws.TypeOf<InterventionException>().With.Message.Contains("layer 1, but layer 2")
        );

    [Test]
    public void Post_norm_layers_have_the_normalised_streams() =>
        Assert.That(Map("bert").Get(0, "blocks.1.hook_normalized_resid_post").Address.Name, Is.EqualTo("block_output"));

    [Test]
    public void A_configuration_takes_them()
    {
        var config = IntervenableConfig.FromJson(
            """{"representations": [{"component": "blocks.1.hook_resid_mid", "intervention_type": "CollectIntervention"}]}"""
        );
        using var model = IntervenableModel.Load(Export("gpt2"), config, new ExecutionOptions { Threads = 1 });

        var item = model.Config.Representations.Single();

        Assert.That((item.Layer, item.Component), Is.EqualTo((1, "resid_mid")));
    }

    [TestCase("gpt2")]
    [TestCase("llama")]
    [TestCase("opt")]
    public void The_middle_of_a_layer_is_between_its_two_additions(string family)
    {
        var reading = ComponentReading.Of(
            Export(family),
            ModelInputs.FromTokens([
                [1, 5, 9, 2],
            ])
        );
        foreach (var layer in Enumerable.Range(0, 2))
        {
            var middle = Of(ComponentNames.ResidMid);
            AssertSum(Of(ComponentNames.BlockInput), Of(ComponentNames.AttentionOutput), middle);
            AssertSum(middle, Of(ComponentNames.MlpOutput), Of(ComponentNames.BlockOutput));

            ReadOnlySpan<float> Of(string name) => reading.Components[new ComponentAddress(layer, name)].Numbers.Floats;
        }
    }

    private static void AssertSum(ReadOnlySpan<float> left, ReadOnlySpan<float> right, ReadOnlySpan<float> sum)
    {
        var added = new float[left.Length];
        for (var index = 0; index < left.Length; index++)
            added[index] = left[index] + right[index];
        Assert.That(Difference.Largest(added, sum), Is.LessThan(1e-5));
    }

    private static ComponentMap Map(string family) => ComponentMap.Find(OnnxFile.Load(Export(family)));

    private static string Export(string family) =>
        ReferenceFamily
            .All(RepositoryPaths.OwnReferences)
            .Single(candidate => candidate.Name == family)
            .Exports[0]
            .ModelPath;
}
