using OnnxIntervene.Formats;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Files;
using OnnxIntervene.IR;
using OnnxIntervene.Planning.Files;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Json;

/// <summary>
/// Half of a surrogate pair is JSON but not text: every reader refuses it, wherever it is, before it reads anything.
/// </summary>
public sealed class JsonUnicodeTests
{
    private const string Half = "\\ud800";

    [TestCase($$"""{"representations": [{"layer": 0, "component": "{{Half}}"}]}""")]
    [TestCase($$"""{"representations": [{"layer": 0, "{{Half}}": 1}]}""")]
    [TestCase("""{"representations": [{"layer": 0, "component": "\uDC00\uDC00"}]}""")]
    public void A_configuration_with_no_Unicode_is_refused(string json) =>
        Assert.That(
            () => IntervenableConfig.FromJson(json),
            Throws
                .TypeOf<InterventionException>()
                .With.Message.Contains("The configuration holds a text that is not valid Unicode")
        );

    [TestCase($$"""{"interventions": [{"site": "{{Half}}"}]}""")]
    [TestCase($$"""{"saved": "{{Half}}"}""")]
    public void A_file_of_a_run_with_no_Unicode_is_refused(string json)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("run.json"), json);

        Assert.That(
            () => RunFile.Read(folder.File("run.json")),
            Throws.TypeOf<InterventionException>().With.Message.Contains("not valid Unicode")
        );
    }

    [Test]
    public void A_saved_folder_with_no_Unicode_in_its_keys_is_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(
            folder.File("config.json"),
            $$"""{"representations": [{"layer": 0, "component": "block_output"}], "sorted_keys": ["{{Half}}"]}"""
        );

        Assert.That(
            () => InterventionFolder.Load(folder.Path),
            Throws.TypeOf<InterventionException>().With.Message.Contains("not valid Unicode")
        );
    }

    [Test]
    public void A_tensor_with_no_Unicode_in_its_name_is_refused()
    {
        using var folder = new TemporaryFolder();
        var header = $$$"""{"{{{Half}}}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}}""";
        using (var writer = new BinaryWriter(File.Create(folder.File("x.safetensors"))))
        {
            writer.Write((long)header.Length);
            writer.Write(System.Text.Encoding.UTF8.GetBytes(header));
        }

        Assert.That(
            () => SafetensorsFile.Open(folder.File("x.safetensors")),
            Throws
                .TypeOf<ModelFormatException>()
                .With.Message.Contains("the header holds a text that is not valid Unicode")
        );
    }

    [Test]
    public void A_whole_surrogate_pair_is_a_text()
    {
        var config = IntervenableConfig.FromJson(
            """{"representations": [{"layer": 0, "component": "\ud83d\ude00"}]}"""
        );

        Assert.That(config.Representations[0].Component, Is.EqualTo("😀"));
    }
}
