using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Planning.Files;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Execution;

/// <summary>The short form of a run's file says the same as pyvene's, and its schema names what is wrong.</summary>
public sealed class ShortFormTests
{
    [Test]
    public void Both_forms_give_the_same_numbers()
    {
        const string Short = """
            {"interventions": [
              {"kind": "Zero", "component": "head_attention_value_output", "layer": 4, "heads": [0, 1], "positions": 6},
              {"kind": "Addition", "component": "block_output", "layer": 3, "positions": -1, "coefficient": 2.5, "source": "steer.safetensors#direction"}]}
            """;
        var expected = Run(RunFile.Read(Path.Combine(RepositoryPaths.Root, "examples", "steer.json")));

        var actual = Run(Read(Short));

        Assert.That(actual.Intervened.Logits.Floats.SequenceEqual(expected.Intervened.Logits.Floats));
        Assert.That(
            Difference.Largest(actual.Intervened.Logits.Floats, actual.Original!.Logits.Floats),
            Is.GreaterThan(0.1)
        );
    }

    [Test]
    public void One_entry_stands_for_several_layers()
    {
        var file = Read(
            """{"mode": "serial", "interventions": [{"kind": "VanillaIntervention", "component": "mlp_output", "layer": [1, 3], "positions": [[1], [2]], "source_positions": [[0], [4]]}]}"""
        );

        Assert.That(file.Config.Mode, Is.EqualTo(InterventionMode.Serial));
        Assert.That(file.Config.Representations.Select(item => item.Layer), Is.EqualTo(new[] { 1, 3 }));
        Assert.That(file.UnitLocations!.Sources[1]!.Units[1], Is.EqualTo(new[] { 4 }));
        Assert.That(file.UnitLocations.Base[0]!.Units[0], Is.EqualTo(new[] { 1 }));
    }

    [Test]
    public void Parameters_are_read_from_the_file_or_from_one_beside_it()
    {
        using var folder = new TemporaryFolder();
        var rotation = NumericArray.Of(new[] { 1f, 0f, 0f, 1f }, 2, 2);
        SafetensorsFile.Write(
            folder.File("p.safetensors"),
            new Dictionary<string, NumericArray> { ["a.rotate_layer.weight"] = rotation, ["b.other"] = rotation }
        );
        File.WriteAllText(
            folder.File("run.json"),
            """
            {"interventions": [
              {"kind": "RotatedSpace", "component": "x", "parameters": "p.safetensors#a.", "subspace": 1},
              {"kind": "ProjectOut", "component": "x", "parameters": {"directions": [[0, 2]]}}]}
            """
        );

        var file = RunFile.Read(folder.File("run.json"));

        Assert.That(
            file.Config.Representations[0]
                .Intervention!.Parameters["rotate_layer.weight"]
                .Floats.SequenceEqual(rotation.Floats)
        );
        Assert.That(
            file.Config.Representations[1].Intervention!.Parameters["directions"].Floats.ToArray(),
            Is.EqualTo(new[] { 0f, 1f })
        );
        Assert.That(file.Settings.Subspaces.Rows[0]!.Value[^1][0], Is.EqualTo(1));
    }

    [TestCase("""{"interventions": []}""", "$.interventions")]
    [TestCase("""{"interventions": [{"component": "x"}]}""", "kind")]
    [TestCase("""{"interventions": [{"kind": "Odd", "component": "x"}]}""", "$.interventions[0].kind")]
    [TestCase("""{"interventions": [{"kind": "Zero", "component": "x", "layr": 1}]}""", "$.interventions[0].layr")]
    [TestCase("""{"interventions": [{"kind": "Zero", "component": "x", "layer": -1}]}""", "$.interventions[0].layer")]
    [TestCase(
        """{"interventions": [{"kind": "Zero", "component": "x", "positions": {"middle_of": "a"}}]}""",
        "$.interventions[0].positions"
    )]
    [TestCase(
        """{"interventions": [{"kind": "RotatedSpace", "component": "x", "parameters": {"weight": [[1]]}}]}""",
        "'rotate_layer.weight'"
    )]
    [TestCase(
        """{"interventions": [{"kind": "RotatedSpace", "component": "x", "parameters": {"rotate_layer.weight": [[1, 0]]}}]}""",
        "[1, 1]"
    )]
    [TestCase(
        """{"interventions": [{"kind": "Zero", "component": "x", "source_positions": 1}]}""",
        "$.interventions[0]"
    )]
    [TestCase(
        """{"interventions": [{"kind": "Zero", "component": "x", "source": "../p.safetensors#a"}]}""",
        "leaves the configuration's folder"
    )]
    public void What_does_not_fit_the_schema_is_named_with_its_place(string json, string message) =>
        Assert.That(() => Read(json), Throws.TypeOf<InterventionException>().With.Message.Contains(message));

    [Test]
    public void A_file_may_name_a_folder_of_saved_interventions_beside_it()
    {
        using var folder = new TemporaryFolder();
        using var model = IntervenableModel.Load(
            RepositoryPaths.DefaultModel,
            new IntervenableConfig
            {
                Representations =
                [
                    new()
                    {
                        Layer = 2,
                        InterventionType = InterventionType.LowRankRotatedSpace,
                        LowRankDimension = 3,
                    },
                ],
            }
        );
        model.Save(folder.File("saved"));
        File.WriteAllText(
            folder.File("run.json"),
            """{"saved": "saved", "unit_locations": {"sources->base": 2}, "subspaces": [[[0]]]}"""
        );
        File.WriteAllText(folder.File("out.json"), """{"saved": "../saved"}""");

        var file = RunFile.Read(folder.File("run.json"));

        Assert.That(
            file.Config.Representations[0].Intervention!.Parameters["rotate_layer.weight"].Shape,
            Is.EqualTo(new[] { 192, 3 })
        );
        Assert.That(file.UnitLocations!.Base[0]!.Units[0], Is.EqualTo(new[] { 2 }));
        Assert.That(RunFile.Read(folder.File("saved")).Config.Representations[0].LowRankDimension, Is.EqualTo(3));
        Assert.That(
            () => RunFile.Read(folder.File("out.json")),
            Throws.TypeOf<InterventionException>().With.Message.Contains("leaves")
        );
    }

    [Test]
    public void Every_example_fits_the_schema_or_pyvenes_form()
    {
        // agreement.json is a causal model, which das reads.
        var examples = Directory
            .GetFiles(Path.Combine(RepositoryPaths.Root, "examples"), "*.json")
            .Where(path => Path.GetFileName(path) != "agreement.json")
            .ToList();

        Assert.That(examples, Is.Not.Empty);
        foreach (var example in examples)
            Assert.That(RunFile.Read(example).Config.Representations, Is.Not.Empty, example);
    }

    private static RunFile Read(string json)
    {
        using var folder = new TemporaryFolder();
        File.Copy(
            Path.Combine(RepositoryPaths.Root, "examples", "steer.safetensors"),
            folder.File("steer.safetensors")
        );
        File.WriteAllText(folder.File("run.json"), json);
        return RunFile.Read(folder.File("run.json"));
    }

    private static RunResult Run(RunFile file)
    {
        using var model = IntervenableModel.Load(
            RepositoryPaths.DefaultModel,
            file.Config,
            new ExecutionOptions { Threads = 1 }
        );
        return model.Run(model.Tokenize("The company Volvo makes"), null, file.UnitLocations, file.Settings);
    }
}
