using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Components.Configuration;
using OnnxIntervene.Components.MapFiles;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Components;

/// <summary>
/// The graph says how many heads and layers there are; the configuration beside it confirms, or both numbers are shown.
/// </summary>
public sealed class ModelConfigurationTests
{
    public static IEnumerable<TestCaseData> Exports() => RenamingTests.Exports();

    [TestCaseSource(nameof(Exports))]
    public void The_references_configurations_contradict_nothing(ReferenceExport export)
    {
        var model = OnnxFile.Load(export.ModelPath);
        var found = ComponentMap.Find(model);

        var confirmed = ComponentMap.Find(
            model,
            new ComponentSearchOptions { Configuration = ModelConfiguration.ReadBeside(export.ModelPath) }
        );

        Assert.That(
            confirmed.Components.Select(component => component.Address),
            Is.EqualTo(found.Components.Select(component => component.Address))
        );
        Assert.That(confirmed.Missing, Is.EqualTo(found.Missing));
    }

    [TestCase("gpt2/optimum", """{"n_head": 2}""", "head_query_output", "has 4 heads, but config.json says n_head = 2")]
    [TestCase(
        "gpt2/optimum",
        """{"num_attention_heads": 2}""",
        "attention_weight",
        "has 4 heads, but config.json says num_attention_heads = 2"
    )]
    [TestCase("gpt2/optimum", """{"n_head": 2}""", "head_attention_value_output", "n_head = 2")]
    [TestCase(
        "gpt2/optimum",
        """{"n_embd": 48}""",
        "block_output",
        "has 32 elements a position, but config.json says n_embd = 48"
    )]
    [TestCase(
        "gpt2/optimum",
        """{"n_layer": 12}""",
        "mlp_output",
        "the graph has 4 layers, but config.json says n_layer = 12"
    )]
    [TestCase(
        "llama/optimum",
        """{"num_key_value_heads": 4}""",
        "head_key_output",
        "has 2 heads, but config.json says num_key_value_heads = 4"
    )]
    [TestCase(
        "llama/genai-fp32",
        """{"head_dim": 8}""",
        "head_value_output",
        "has 16 elements a head, but config.json says head_dim = 8"
    )]
    [TestCase(
        "t5-decoder/optimum",
        """{"is_encoder_decoder": true, "num_layers": 2, "num_decoder_layers": 6}""",
        "block_output",
        "num_decoder_layers = 6"
    )]
    [TestCase(
        "t5-decoder/optimum",
        """{"is_encoder_decoder": true, "num_heads": 8}""",
        "cross_attention_weight",
        "num_heads = 8"
    )]
    [TestCase(
        "whisper-encoder/torchscript",
        """{"is_encoder_decoder": true, "encoder_layers": 6}""",
        "block_output",
        "encoder_layers = 6"
    )]
    [TestCase(
        "gpt2/optimum",
        """{"pruned_heads": {"0": [1, 3]}, "n_head": 4}""",
        "head_query_output",
        "has 4 heads, but config.json says n_head = 4 and pruned_heads takes 2 away"
    )]
    public void A_contradiction_shows_both_numbers(string export, string config, string component, string message)
    {
        var map = Find(export, ("config.json", config));

        Assert.That(() => map.Get(0, component), Throws.TypeOf<InterventionException>().With.Message.Contains(message));
        Assert.That(map.Missing.Any(missing => missing.Address == new ComponentAddress(0, component)));
    }

    [TestCase(
        "t5-decoder/optimum",
        """{"is_encoder_decoder": true, "num_layers": 6, "num_hidden_layers": 6, "encoder_layers": 6, "encoder_attention_heads": 16}"""
    )]
    [TestCase(
        "whisper-encoder/torchscript",
        """{"is_encoder_decoder": true, "decoder_layers": 6, "decoder_attention_heads": 16, "num_decoder_layers": 6}"""
    )]
    [TestCase(
        "blip/torchscript",
        """{"text_config": {"num_attention_heads": 16}, "vision_config": {"num_hidden_layers": 99}}"""
    )]
    [TestCase("gpt2/optimum", """{"n_head": null, "n_layer": [4, 4], "n_embd": "many", "head_dim": 0}""")]
    [TestCase("gpt2/optimum", """{"hidden_sizes": [1, 2], "num_attention_heads": 2}""")]
    [TestCase("gpt2/optimum", """["n_head", 2]""")]
    [TestCase("gpt2/optimum", """{"pruned_heads": {"first": [0], "1": 2, "2": ["a"], "9": [0]}, "n_head": 4}""")]
    public void Keys_of_another_stack_nested_ones_and_lists_contradict_nothing(string export, string config) =>
        Assert.That(
            Find(export, ("config.json", config)).Components,
            Has.Length.EqualTo(Find(export).Components.Length)
        );

    [Test]
    public void A_section_of_genai_config_speaks_of_the_file_it_names()
    {
        var own = Find(
            "llama/genai-fp32",
            ("genai_config.json", """{"model": {"decoder": {"filename": "model.onnx", "num_attention_heads": 8}}}""")
        );
        var other = Find(
            "llama/genai-fp32",
            ("genai_config.json", """{"model": {"decoder": {"filename": "other.onnx", "num_attention_heads": 8}}}""")
        );

        Assert.That(
            () => own.Get(0, "head_query_output"),
            Throws
                .TypeOf<InterventionException>()
                .With.Message.Contains("genai_config.json says model.decoder.num_attention_heads = 8")
        );
        Assert.That(other.Missing, Is.Empty);
    }

    [Test]
    public void A_map_has_the_last_word_over_the_configuration()
    {
        var tensor = Find("gpt2/optimum").Get(0, "head_query_output").Source.Description;
        var overrides = ComponentMapFile.Parse(
            $$"""{"components": [{"layer": 0, "component": "head_query_output", "tensor": "{{tensor}}", "heads": 4}]}"""
        );

        var map = Find("gpt2/optimum", overrides, ("config.json", """{"n_head": 2}"""));

        Assert.That(map.Get(0, "head_query_output").Heads, Is.EqualTo(4));
        Assert.That(map.Missing.Any(missing => missing.Address == new ComponentAddress(1, "head_query_output")));
    }

    [TestCase("""{"n_head": """)]
    [TestCase("""{"id2label": {"0": "\ud800"}}""")]
    public void A_configuration_that_is_no_json_is_named(string config)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("config.json"), config);

        Assert.That(
            () => ModelConfiguration.ReadBeside(folder.File("model.onnx")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("config.json")
        );
    }

    [Test]
    public void A_loaded_model_refuses_what_its_configuration_contradicts()
    {
        using var folder = new TemporaryFolder();
        File.Copy(PathOf("gpt2/optimum"), folder.File("model.onnx"));
        File.WriteAllText(folder.File("config.json"), """{"n_head": 2}""");
        var config = new IntervenableConfig
        {
            Representations =
            [
                new()
                {
                    Layer = 0,
                    Component = "head_query_output",
                    Unit = "h.pos",
                    InterventionType = InterventionType.Zero,
                },
            ],
        };

        Assert.That(
            () => IntervenableModel.Load(folder.Path, config).Dispose(),
            Throws.TypeOf<InterventionException>().With.Message.Contains("n_head = 2")
        );
    }

    private static ComponentMap Find(string export, params (string Name, string Text)[] files) =>
        Find(export, ComponentOverrides.None, files);

    private static ComponentMap Find(
        string export,
        ComponentOverrides overrides,
        params (string Name, string Text)[] files
    )
    {
        using var folder = new TemporaryFolder();
        foreach (var (name, text) in files)
            File.WriteAllText(folder.File(name), text);
        return ComponentMap.Find(
            OnnxFile.Load(PathOf(export)),
            new ComponentSearchOptions
            {
                Overrides = overrides,
                Configuration = ModelConfiguration.ReadBeside(folder.File("model.onnx")),
            }
        );
    }

    private static string PathOf(string export) =>
        Path.Combine(RepositoryPaths.OwnReferences, "families", export, "model.onnx");
}
