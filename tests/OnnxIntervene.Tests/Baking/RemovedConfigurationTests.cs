using System.Text;
using OnnxIntervene.Baking;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;

namespace OnnxIntervene.Tests.Baking;

/// <summary>What a smaller model's configurations say, in files as strangers write them.</summary>
public sealed class RemovedConfigurationTests
{
    private const string Config = "config.json";
    private const string GenAI = "genai_config.json";
    private const string HeadName = "head_attention_value_output";

    [Test]
    public void Only_what_is_about_the_model_changes()
    {
        const string text = """
            { // 4 heads: "num_attention_heads": 4
              "_name": "\"num_attention_heads\": 4", "text_config": {"num_attention_heads": 4, "head_dim": 16},
              "layers": ["num_attention_heads", 4, {"num_key_value_heads": 2}],
              "num_attention_heads":4, "num_key_value_heads" : 2.0, "n_head": 40, "intermediate_size": 4,
            }
            """;
        const string expected = """
            {
              "head_dim": 16, // 4 heads: "num_attention_heads": 4
              "_name": "\"num_attention_heads\": 4", "text_config": {"num_attention_heads": 4, "head_dim": 16},
              "layers": ["num_attention_heads", 4, {"num_key_value_heads": 2}],
              "num_attention_heads":2, "num_key_value_heads" : 1, "n_head": 40, "intermediate_size": 4,
            }
            """;

        Assert.That(Changed(Config, text, Everywhere(2, 3)), Is.EqualTo(expected));
        Assert.That(
            Changed(Config, """{"text_config": {"num_hidden_layers": 1}, "head_dim": 16}""", Everywhere(2, 3)),
            Is.Null
        );
        Assert.That(Changed(Config, "[]", Everywhere(2, 3)), Is.Null);
    }

    [Test]
    public void A_model_that_lost_heads_before_adds_to_them()
    {
        const string text = """{"pruned_heads": {"1": [1], "0": [0, 1]}, "num_attention_heads": 6}""";

        // Of heads 0, 2, 3, 4, 5 of layer 1, the second and the third.
        Assert.That(
            Changed(Config, text, [new RemovedUnits(1, HeadName, 5, [1, 2])]),
            Is.EqualTo("""{"pruned_heads": {"0":[0,1],"1":[1,2,3]}, "num_attention_heads": 6}""")
        );
        Assert.That(
            Changed(Config, text, Everywhere(2, 3)),
            Does.Contain("""{"0":[0,1,4,5],"1":[1,3,4],"2":[2,3],"3":[2,3]}""")
        );
        Assert.That(
            () => Changed(Config, """{"pruned_heads": {"first": [0]}}""", [new RemovedUnits(1, HeadName, 4, [1])]),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("$.pruned_heads.first")
        );
    }

    [Test]
    public void A_section_of_another_file_stays()
    {
        const string text = """
            {"model": {
              "vision": {"filename": "vision.onnx", "num_attention_heads": 4, "num_key_value_heads": 2},
              "decoder": {"filename": "model.onnx", "num_attention_heads": 4, "num_key_value_heads": 2}}}
            """;

        Assert.That(
            Changed(GenAI, text, Everywhere(2, 3)),
            Is.EqualTo(
                text.Replace(
                    "model.onnx\", \"num_attention_heads\": 4, \"num_key_value_heads\": 2",
                    "model.onnx\", \"num_attention_heads\": 2, \"num_key_value_heads\": 1",
                    StringComparison.Ordinal
                )
            )
        );
        // Each key and value keeps one of the heads that read it.
        Assert.That(Changed(GenAI, text, [new RemovedUnits(3, HeadName, 4, [1, 3])]), Is.Null);
    }

    [TestCase("""{"model": {"decoder": {"filename": "other.onnx", "num_key_value_heads": 2}}}""", "does not say")]
    [TestCase("""{"model": {"decoder": {"filename": "model.onnx", "num_key_value_heads": 3}}}""", "does not say")]
    [TestCase("""{"model": {"decoder": {"filename": "model.onnx"}}}""", "does not say")]
    [TestCase("{}", "does not say")]
    public void A_cache_whose_heads_cannot_be_said_is_refused(string text, string reason) =>
        Assert.That(
            () => Changed(GenAI, text, Everywhere(2, 3)),
            Throws.TypeOf<InterventionException>().With.Message.Contains(reason)
        );

    private static RemovedUnits[] Everywhere(params int[] heads) =>
        [.. Enumerable.Range(0, 4).Select(layer => new RemovedUnits(layer, HeadName, 4, [.. heads]))];

    // Four layers of four query heads, two of which share a key and a value each.
    private static string? Changed(string file, string text, RemovedUnits[] units)
    {
        using var loaded = LoadedModel.Load(BakingSamples.Folder("llama/genai-fp32"), BakingSamples.OneThread);
        var changed = new RemovedConfiguration(loaded.Components, [.. units], "model.onnx").Changed(
            file,
            Encoding.UTF8.GetBytes(text)
        );
        return changed is null ? null : Encoding.UTF8.GetString(changed);
    }
}
