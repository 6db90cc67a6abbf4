using System.Text.Json;
using OnnxIntervene.Components;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Components;

/// <summary>A graph's tables have room for as many tokens and positions as the configuration says.</summary>
public sealed class InputLimitsTests
{
    // Families with a table of positions, and where their configurations say how many it has room for.
    private static readonly Dictionary<string, string> s_contextKeys = new(StringComparer.Ordinal)
    {
        ["gpt2"] = "n_positions",
        ["gpt_neo"] = "max_position_embeddings",
        ["opt"] = "max_position_embeddings",
        ["bert"] = "max_position_embeddings",
        ["esm"] = "max_position_embeddings",
    };

    public static IEnumerable<TestCaseData> Exports() =>
        RenamingTests.Exports().Where(item => File.Exists(ConfigOf((ReferenceExport)item.Arguments[0]!)));

    [TestCaseSource(nameof(Exports))]
    public void The_vocabulary_and_the_context_are_those_of_the_configuration(ReferenceExport export)
    {
        var model = OnnxFile.Load(export.ModelPath);
        var limits = ComponentMap.Find(model).Limits;
        using var json = JsonDocument.Parse(File.ReadAllText(ConfigOf(export)));
        var family = json.RootElement.TryGetProperty("model_type", out var type) ? type.GetString()! : "";

        if (model.Graph.Inputs.All(input => input.Name != "input_ids"))
            Assert.That(limits.Vocabulary, Is.Null);
        else if (family is not ("blip" or "t5"))
            Assert.That(limits.Vocabulary, Is.EqualTo(json.RootElement.GetProperty("vocab_size").GetInt64()));
        var isRotary =
            json.RootElement.TryGetProperty("position_embedding_type", out var kind) && kind.GetString() == "rotary";
        if (s_contextKeys.TryGetValue(family, out var key) && !isRotary)
        {
            var context = json.RootElement.GetProperty(key).GetInt64();
            Assert.That(limits.Context, Is.EqualTo(context));
        }
    }

    private static string ConfigOf(ReferenceExport export) =>
        Path.Combine(Path.GetDirectoryName(export.ModelPath)!, "config.json");
}
