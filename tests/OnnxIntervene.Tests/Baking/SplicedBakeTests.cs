using System.Text.Json;
using OnnxIntervene.Baking;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Planning;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Oracle;

namespace OnnxIntervene.Tests.Baking;

/// <summary>A spliced file computes in a plain session what the intervened original computes.</summary>
public sealed class SplicedBakeTests
{
    private static IEnumerable<string> Exports() => BakingSamples.Exports("gpt2", "llama", "qwen2", "llama-int4");

    [TestCaseSource(nameof(Exports))]
    public void Interventions_of_many_kinds_are_inside_the_file(string export)
    {
        using var folder = new TemporaryFolder();

        var (baked, evidence) = Write(export, BakedNumbers.Constant, folder);

        Assert.That(evidence.Select(found => found.Effect), Has.All.GreaterThan(0.05));
        Assert.That(evidence.Select(found => found.Relative), Has.All.LessThanOrEqualTo(1e-5));
        Assert.That(baked.Adapter, Is.Empty);
        Assert.That(
            OnnxFile.Load(folder.File("out/model.onnx")).Graph.Inputs.Select(input => input.Name),
            Has.None.StartsWith("intervene/")
        );
    }

    [TestCaseSource(nameof(Exports))]
    public void An_adapter_turns_them_on(string export)
    {
        using var folder = new TemporaryFolder();

        var (baked, evidence) = Write(export, BakedNumbers.Adapter, folder);

        Assert.That(evidence, Has.Length.EqualTo(4), "random inputs with the adapter on and off");
        Assert.That(evidence.Select(found => found.Relative), Has.All.LessThanOrEqualTo(1e-5));
        Assert.That(
            OnnxAdapter.Read(folder.File($"out/{Baker.AdapterName}")).Parameters.Keys,
            Is.EquivalentTo(baked.Adapter.Keys)
        );
    }

    [Test]
    public void Overridable_numbers_are_defaults_of_inputs()
    {
        using var folder = new TemporaryFolder();

        Write("llama/optimum", BakedNumbers.Overridable, folder);
        var file = OnnxFile.Load(folder.File("out/model.onnx"));

        var added = file
            .Graph.Inputs.Where(input => input.Name.StartsWith("intervene/", StringComparison.Ordinal))
            .ToList();

        Assert.That(added, Has.Count.GreaterThan(10));
        Assert.That(added.Select(input => input.IsConstant), Has.All.True);
        Assert.That(
            file.Metadata.Single(entry => entry.Key == "intervene.sites").Value,
            Does.Contain("intervene/0/coefficient")
        );
    }

    [Test]
    public void The_files_of_others_do_what_torch_does(
        [ValueSource(typeof(FormatCaseTests), nameof(FormatCaseTests.Exports))] string export,
        [Values("control-vector/-0.5", "lora", "project-out/block_output")] string name
    )
    {
        using var folder = new TemporaryFolder();
        using var original = FormatCaseTests.Load(export, name, out var scale);
        var (inputs, expected) = FormatCaseTests.Reference(name);
        var request = new BakeRequest { Settings = new RunSettings { Coefficients = [Coefficient.Of(scale)] } };

        Baker.Write(original, request, folder.File("out"));
        var outputs = BakingSamples.Run(folder.File("out/model.onnx"), original.Loaded, inputs);

        Assert.That(
            Difference.Largest(outputs[original.Model.Graph.Outputs[0].Name].Floats, expected.Floats),
            Is.LessThanOrEqualTo(2e-4)
        );
    }

    [Test]
    public void The_file_says_how_it_was_made_and_has_the_files_beside_it()
    {
        using var folder = new TemporaryFolder();
        using var model = Model(RepositoryPaths.DefaultModel, new ZeroIntervention());

        Baker.Write(model, new BakeRequest { Command = "bake it" }, folder.File("out"));
        var file = OnnxFile.Load(folder.File("out/model.onnx"));
        using var record = JsonDocument.Parse(file.Metadata.Single(entry => entry.Key == "intervene.bake").Value);

        Assert.That(record.RootElement.GetProperty("command").GetString(), Is.EqualTo("bake it"));
        Assert.That(record.RootElement.GetProperty("form").GetString(), Is.EqualTo("spliced"));
        Assert.That(
            record.RootElement.GetProperty("original").GetProperty("model.onnx").GetString(),
            Does.Match("^sha256:[0-9a-f]{64}$")
        );
        Assert.That(record.RootElement.GetProperty("interventions")[0].GetString(), Does.Contain("Zero at mlp_output"));
        Assert.That(File.Exists(folder.File("out/config.json")));
        Assert.That(new FileInfo(folder.File("out/model.onnx")).Length, Is.LessThan(1 << 20), "weights are linked");
    }

    [Test]
    public void A_folder_of_onnxruntime_genais_keeps_the_name_that_its_configuration_says()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("own"));
        File.Copy(Path.Combine(BakingSamples.Folder("llama/optimum"), "model.onnx"), folder.File("own/decoder.onnx"));
        File.WriteAllText(
            folder.File("own/genai_config.json"),
            """{"model": {"decoder": {"filename": "decoder.onnx"}}}"""
        );
        using var model = Model(folder.File("own"), Vector());

        Baker.Write(model, new BakeRequest(), folder.File("out"));

        Assert.That(
            Directory.GetFiles(folder.File("out"), "*.onnx"),
            Is.EqualTo(new[] { Baker.FileIn(folder.File("out"), model) })
        );
        Assert.That(Baker.FileIn(folder.File("out"), model), Is.EqualTo(folder.File("out/decoder.onnx")));
    }

    [Test]
    public void A_folder_can_be_baked_into_again()
    {
        using var folder = new TemporaryFolder();
        foreach (var intervention in new Intervention[] { new ZeroIntervention(), Vector() })
        {
            using var model = Model(BakingSamples.Folder("llama/optimum"), intervention);
            Baker.Write(model, new BakeRequest(), folder.File("out"));
        }

        var file = OnnxFile.Load(folder.File("out/model.onnx"));

        Assert.That(file.Metadata.Single(entry => entry.Key == "intervene.bake").Value, Does.Contain("Mean at"));
        Assert.That(Directory.GetFiles(folder.File("out"), "*.weights"), Has.Length.EqualTo(1));
    }

    [Test]
    public void What_depends_on_a_run_is_refused_and_nothing_is_written()
    {
        using var folder = new TemporaryFolder();
        var target = folder.File("out");

        Assert.That(() => Bake(new CollectIntervention()), Refused("changes nothing"));
        Assert.That(() => Bake(new VanillaIntervention()), Refused("run of a source"));
        Assert.That(() => Bake(new NoiseIntervention()), Refused("other numbers for every position"));
        Assert.That(
            () => Bake(new ZeroIntervention(), new BakeRequest { UnitLocations = UnitLocations.SourcesToBase(2) }),
            Refused("chosen positions")
        );
        Assert.That(
            () => Bake(new MeanIntervention(BakingSamples.Numbers(1, 1, 3, 64))),
            Refused("one for all examples and positions")
        );
        Assert.That(
            () => Bake(new ZeroIntervention(), new BakeRequest { Tolerance = double.NegativeInfinity }),
            Refused("Nothing was written")
        );
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Is.Empty);

        void Bake(Intervention intervention, BakeRequest? request = null)
        {
            using var model = Model(BakingSamples.Folder("llama/optimum"), intervention);
            Baker.Write(model, request ?? new BakeRequest(), target);
        }
    }

    [Test]
    public void The_models_own_folder_is_refused()
    {
        using var model = Model(BakingSamples.Folder("llama/optimum"), new ZeroIntervention());

        Assert.That(
            () => Baker.Write(model, new BakeRequest(), BakingSamples.Folder("llama/optimum")),
            Refused("own folder")
        );
    }

    private static NUnit.Framework.Constraints.ContainsConstraint Refused(string reason) =>
        Throws.TypeOf<InterventionException>().With.Message.Contains(reason);

    private static MeanIntervention Vector() => new(BakingSamples.Numbers(1, 1, 64));

    private static IntervenableModel Model(string path, Intervention intervention) =>
        IntervenableModel.Load(
            path,
            new IntervenableConfig { Representations = [BakingSamples.At(1, ComponentNames.MlpOutput, intervention)] },
            BakingSamples.OneThread
        );

    private static (BakedModel Baked, BakeEvidence[] Evidence) Write(
        string export,
        BakedNumbers numbers,
        TemporaryFolder folder
    )
    {
        using var loaded = LoadedModel.Load(BakingSamples.Folder(export), BakingSamples.OneThread);
        var (config, request) = BakingSamples.OfManyKinds(loaded.Components);
        using var model = loaded.With(config);
        var (baked, evidence) = Baker.Write(model, request with { Numbers = numbers }, folder.File("out"));
        return (baked, [.. evidence]);
    }
}
