using System.Text.Json;
using OnnxIntervene.Baking;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Baking;

/// <summary>onnxruntime-genai's configuration of a model that has none.</summary>
public sealed class GenAIConfigurationTests
{
    private const string FileName = "genai_config.json";
    private static readonly string s_families = Path.Combine(RepositoryPaths.OwnReferences, "families");

    // What its own model builder decides by the family, or says of a search that is not ours to say.
    private static readonly string[] s_ownWords =
    [
        "$.model.type",
        "$.model.bos_token_id",
        "$.model.pad_token_id",
        "$.model.decoder.session_options.log_id",
    ];

    [TestCase("llama/genai-fp32")]
    [TestCase("llama-int4/genai-int4")]
    [TestCase("qwen3/genai-fp32")]
    public void It_says_what_the_model_builder_says(string export)
    {
        using var model = LoadedModel.Load(Path.Combine(s_families, export));
        using var own = Parsed(File.ReadAllText(Path.Combine(s_families, export, FileName)));
        using var written = Parsed(new GenAIConfiguration(model).TextFor("model.onnx"));

        var (expected, actual) = (Values(own.RootElement, "$"), Values(written.RootElement, "$"));
        var shared = expected
            .Where(entry => !s_ownWords.Contains(entry.Key))
            .Where(entry =>
                !entry.Key.StartsWith("$.search", StringComparison.Ordinal) || actual.ContainsKey(entry.Key)
            )
            .ToDictionary();

        Assert.That(actual.Where(entry => shared.ContainsKey(entry.Key)), Is.EquivalentTo(shared));
        Assert.That(actual.Keys.Except(shared.Keys), Is.SubsetOf(s_ownWords));
        Assert.That(actual["$.search.past_present_share_buffer"], Is.EqualTo("true"));
    }

    [Test]
    public void A_cache_that_is_joined_has_a_buffer_for_each_step()
    {
        using var model = LoadedModel.Load(RepositoryPaths.DefaultModel);
        using var written = Parsed(new GenAIConfiguration(model).TextFor("model.onnx"));
        var values = Values(written.RootElement, "$");

        Assert.That(values["$.search.past_present_share_buffer"], Is.EqualTo("false"));
        Assert.That(values["$.model.decoder.inputs.position_ids"], Is.EqualTo("\"position_ids\""));
        Assert.That(
            new[] { "vocab_size", "context_length", "eos_token_id", "pad_token_id" }.Select(key =>
                values[$"$.model.{key}"]
            ),
            Is.EqualTo(new[] { "2560", "128", "0", "0" })
        );
        Assert.That(
            new[]
            {
                "head_size",
                "hidden_size",
                "num_attention_heads",
                "num_hidden_layers",
                "num_key_value_heads",
            }.Select(key => values[$"$.model.decoder.{key}"]),
            Is.EqualTo(new[] { "32", "192", "6", "6", "6" })
        );
    }

    [Test]
    public void A_folder_that_has_one_keeps_it()
    {
        using var folder = new TemporaryFolder();
        var export = Path.Combine(s_families, "llama", "genai-fp32");
        using var model = IntervenableModel.Load(
            export,
            new IntervenableConfig
            {
                Representations =
                [
                    new()
                    {
                        Layer = 1,
                        Component = "mlp_output",
                        InterventionType = InterventionType.Zero,
                    },
                ],
            }
        );

        Baker.Write(model, new BakeRequest { ConfiguresGenAI = true }, folder.File("out"));

        Assert.That(
            File.ReadAllText(folder.File($"out/{FileName}")),
            Is.EqualTo(File.ReadAllText(Path.Combine(export, FileName)))
        );
    }

    [TestCase("llama/optimum", "it has no cache")]
    [TestCase("t5-decoder/optimum-merged", "its cache has no")]
    [TestCase("gpt2/optimum-past", "is 50256 (eos_token_id), but there are")]
    public void What_onnxruntime_genai_cannot_run_is_refused(string export, string message)
    {
        using var model = LoadedModel.Load(Path.Combine(s_families, export));

        Assert.That(
            () => new GenAIConfiguration(model).TextFor("model.onnx"),
            Throws.TypeOf<InterventionException>().With.Message.Contains(message)
        );
    }

    [TestCase("{}", "eos_token_id")]
    [TestCase("{\"eos_token_id\": [2, 7]}", "max_position_embeddings")]
    public void What_no_file_says_is_asked_for(string config, string message)
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(s_families, "gpt_neox/optimum-past/model.onnx"), folder.File("model.onnx"));
        File.WriteAllText(folder.File("config.json"), config);
        using var model = LoadedModel.Load(folder.Path);

        Assert.That(
            () => new GenAIConfiguration(model).TextFor("model.onnx"),
            Throws.TypeOf<InterventionException>().With.Message.Contains(message)
        );
    }

    private static JsonDocument Parsed(string text) => JsonDocument.Parse(text);

    private static Dictionary<string, string> Values(JsonElement json, string path) =>
        json.ValueKind == JsonValueKind.Object
            ? json.EnumerateObject()
                .SelectMany(member => Values(member.Value, $"{path}.{member.Name}"))
                .ToDictionary(entry => entry.Key, entry => entry.Value)
            : new() { [path] = json.GetRawText() };
}
