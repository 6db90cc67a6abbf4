using OnnxIntervene.Components.Configuration;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Planning.Files;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Tokenization;

namespace OnnxIntervene.Tests.Files;

/// <summary>
/// A link beside a file that the user names may not lead out of its folder; the file that is named may be a link.
/// </summary>
public sealed class LinkTests
{
    private const string Source =
        """{"interventions": [{"kind": "ConstantSource", "component": "x", "source": "p.safetensors#a"}]}""";

    [TestCase(Source, "p.safetensors")]
    [TestCase(
        """{"interventions": [{"kind": "ProjectOut", "component": "x", "parameters": "p.safetensors"}]}""",
        "p.safetensors"
    )]
    [TestCase(
        """{"interventions": [{"kind": "ConstantSource", "component": "x", "source": "deep/p.safetensors#a"}]}""",
        "deep"
    )]
    [TestCase("""{"saved": "saved"}""", "saved")]
    public void A_link_beside_a_configuration_that_leads_out_of_its_folder_is_refused(string json, string link)
    {
        using var elsewhere = new TemporaryFolder();
        using var folder = new TemporaryFolder();
        WriteTensor(elsewhere.File("p.safetensors"));
        File.WriteAllText(folder.File("run.json"), json);
        File.CreateSymbolicLink(
            folder.File(link),
            link.Contains('.', StringComparison.Ordinal) ? elsewhere.File("p.safetensors") : elsewhere.Path
        );

        Assert.That(
            () => RunFile.Read(folder.File("run.json")),
            Throws.TypeOf<InterventionException>().With.Message.Contains("is a link that leaves the configuration's")
        );
    }

    [TestCase("")]
    [TestCase("a\\u0000b")]
    [TestCase("/p.safetensors")]
    [TestCase("deep/../../p.safetensors")]
    public void A_name_that_is_not_of_a_file_in_the_folder_is_refused(string name)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("run.json"), Source.Replace("p.safetensors", name, StringComparison.Ordinal));

        Assert.That(
            () => RunFile.Read(folder.File("run.json")),
            Throws.TypeOf<InterventionException>().With.Message.Contains("$.interventions[0].source")
        );
    }

    [Test]
    public void A_configuration_that_is_a_link_itself_names_files_beside_it_and_beside_its_target()
    {
        using var elsewhere = new TemporaryFolder();
        using var folder = new TemporaryFolder();
        WriteTensor(elsewhere.File("p.safetensors"));
        File.WriteAllText(elsewhere.File("run.json"), Source);
        File.CreateSymbolicLink(folder.File("run.json"), elsewhere.File("run.json"));
        File.CreateSymbolicLink(folder.File("p.safetensors"), elsewhere.File("p.safetensors"));

        var file = RunFile.Read(folder.File("run.json"));

        Assert.That(file.Config.Representations[0].SourceRepresentation!.Length, Is.EqualTo(2));
    }

    [Test]
    public void A_tokenizer_that_is_a_link_out_of_its_folder_is_refused_and_the_folder_may_be_a_link()
    {
        using var folder = new TemporaryFolder();
        File.CreateSymbolicLink(
            folder.File("tokenizer.json"),
            Path.Combine(RepositoryPaths.DefaultModel, "tokenizer.json")
        );
        Directory.CreateSymbolicLink(folder.File("whole"), RepositoryPaths.DefaultModel);

        Assert.That(
            () => Tokenizer.Load(folder.Path),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("is a link to")
        );
        Assert.That(Tokenizer.Load(folder.File("whole")).Encode("The").Ids, Is.Not.Empty);
    }

    [TestCase("config.json")]
    [TestCase("genai_config.json")]
    public void A_models_configuration_that_is_a_link_out_of_its_folder_is_refused(string name)
    {
        using var folder = new TemporaryFolder();
        File.CreateSymbolicLink(folder.File(name), Path.Combine(RepositoryPaths.DefaultModel, "config.json"));

        Assert.That(
            () => ModelConfiguration.ReadBeside(folder.File("model.onnx")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("is a link to")
        );
    }

    [Test]
    public void An_adapter_whose_tensors_are_a_link_out_of_its_folder_is_refused()
    {
        using var folder = new TemporaryFolder();
        var lora = Path.Combine(RepositoryPaths.OwnReferences, "formats", "lora");
        File.Copy(Path.Combine(lora, "adapter_config.json"), folder.File("adapter_config.json"));
        File.CreateSymbolicLink(
            folder.File("adapter_model.safetensors"),
            Path.Combine(lora, "adapter_model.safetensors")
        );

        Assert.That(
            () => LoraAdapter.Read(folder.Path),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("is a link to")
        );
    }

    private static void WriteTensor(string path) =>
        SafetensorsFile.Write(
            path,
            new Dictionary<string, NumericArray> { ["a"] = NumericArray.Of(new[] { 1f, 2f }, 2) }
        );
}
