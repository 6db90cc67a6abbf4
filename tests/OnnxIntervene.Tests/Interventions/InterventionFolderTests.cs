using OnnxIntervene.Formats;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Files;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Interventions;

/// <summary>
/// Folders of interventions hold everything that was given, or refuse it; what strangers put into them is refused too.
/// </summary>
public sealed class InterventionFolderTests
{
    private static readonly NumericArray s_matrix = NumericArray.Of(
        Enumerable.Range(0, 8).Select(index => (float)Math.Cos(index * index)).ToArray(),
        2,
        4
    );
    private static readonly NumericArray s_vector = NumericArray.Of(new[] { 1f, -2f, 3f, 0.5f }, 4);

    public static IEnumerable<Intervention> OwnKinds() =>
        [
            new MeanIntervention(s_vector),
            new ConstantSourceIntervention(s_vector),
            new NoiseIntervention(s_vector.Reshape(1, 1, 4), 0.5f),
            new PCARotatedSpaceIntervention(s_matrix, s_vector, s_vector),
            new LoRAIntervention(s_matrix, s_matrix.Reshape(4, 2), 3),
            new LoReFTIntervention(
                NumericArray.Of(new[] { 1f, 0, 0, 1, 0, 0, 0, 0 }, 4, 2),
                s_matrix,
                NumericArray.Of(new[] { 1f, 2f }, 2)
            ),
            new ProjectOutIntervention(s_matrix),
        ];

    [TestCaseSource(nameof(OwnKinds))]
    public void What_pyvene_has_no_place_for_is_kept_as_safetensors_and_refused_as_torch(Intervention intervention)
    {
        using var folder = new TemporaryFolder();
        var config = new IntervenableConfig
        {
            Representations = [new() { Component = "mlp_output", Intervention = intervention }],
        };

        InterventionFolder.Save(folder.Path, config, [intervention], [4], InterventionFileFormat.Safetensors);
        var loaded = InterventionFolder.Load(folder.Path).Representations[0].Intervention!;

        Assert.That(loaded.Type, Is.EqualTo(intervention.Type));
        Assert.That(loaded.Parameters.Keys, Is.EquivalentTo(intervention.Parameters.Keys));
        foreach (var (name, array) in intervention.Parameters)
            Assert.That(
                loaded.Parameters[name].Floats.ToArray(),
                Is.EqualTo(array.Floats.ToArray()).Within(1e-6),
                name
            );
        Assert.That(
            () =>
                InterventionFolder.Save(
                    folder.File("torch"),
                    config,
                    [intervention],
                    [4],
                    InterventionFileFormat.Torch
                ),
            Throws.TypeOf<InterventionException>().With.Message.Contains("save as safetensors")
        );
        Assert.That(Directory.Exists(folder.File("torch")), Is.False);
    }

    // Safetensors are read before torch's files: one that is left would be taken for the new parameters.
    [Test]
    public void A_save_in_the_other_format_or_of_fewer_interventions_leaves_no_older_parameters()
    {
        using var folder = new TemporaryFolder();
        Intervention[] older = [Rotation(2), Rotation(3)];
        InterventionFolder.Save(folder.Path, Config(older), [.. older], [4, 4], InterventionFileFormat.Safetensors);
        File.WriteAllText(folder.File("notes.txt"), "mine");

        Intervention[] newer = [Rotation(3)];
        InterventionFolder.Save(folder.Path, Config(newer), [.. newer], [4], InterventionFileFormat.Torch);

        Assert.That(
            Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName),
            Is.EquivalentTo(["config.json", "intkey_layer_0_comp_mlp_output_unit_pos_nunit_1#0.bin", "notes.txt"])
        );
        var loaded = InterventionFolder.Load(folder.Path).Representations[0].Intervention!;
        Assert.That(loaded.Parameters["rotate_layer.weight"].Shape, Is.EqualTo(new[] { 4, 3 }));
    }

    [TestCase("config.json")]
    [TestCase("intkey_layer_0_comp_mlp_output_unit_pos_nunit_1#0.safetensors")]
    public void A_link_that_leads_out_of_the_folder_is_refused(string name)
    {
        using var elsewhere = new TemporaryFolder();
        using var folder = new TemporaryFolder();
        Intervention[] interventions = [Rotation(2)];
        InterventionFolder.Save(
            folder.Path,
            Config(interventions),
            [.. interventions],
            [4],
            InterventionFileFormat.Safetensors
        );
        File.Move(folder.File(name), elsewhere.File("file"));
        File.CreateSymbolicLink(folder.File(name), elsewhere.File("file"));

        Assert.That(
            () => InterventionFolder.Load(folder.Path),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains($"{name}' is a link")
        );
    }

    [Test]
    public void A_link_in_the_folder_to_another_file_of_it_is_followed()
    {
        using var folder = new TemporaryFolder();
        Intervention[] interventions = [Rotation(2)];
        InterventionFolder.Save(
            folder.File("saved"),
            Config(interventions),
            [.. interventions],
            [4],
            InterventionFileFormat.Safetensors
        );
        File.Move(folder.File("saved/config.json"), folder.File("saved/other.json"));
        File.CreateSymbolicLink(folder.File("saved/config.json"), "other.json");
        Directory.CreateSymbolicLink(folder.File("link"), folder.File("saved"));

        Assert.That(InterventionFolder.Load(folder.File("link")).Representations, Has.Length.EqualTo(1));
    }

    private static IntervenableConfig Config(IReadOnlyList<Intervention> interventions) =>
        new()
        {
            Representations =
            [
                .. interventions.Select(
                    (intervention, layer) =>
                        new RepresentationConfig
                        {
                            Layer = layer,
                            Component = "mlp_output",
                            Intervention = intervention,
                        }
                ),
            ],
        };

    private static LowRankRotatedSpaceIntervention Rotation(int rank)
    {
        var columns = new float[4 * rank];
        for (var column = 0; column < rank; column++)
            columns[(column * rank) + column] = 1;
        return new LowRankRotatedSpaceIntervention(NumericArray.Of(columns, 4, rank));
    }

    [Test]
    public void Code_is_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        var intervention = new LambdaIntervention(values => values.Base);

        Assert.That(
            () =>
                InterventionFolder.Save(
                    folder.Path,
                    new IntervenableConfig { Representations = [new() { Intervention = intervention }] },
                    [intervention],
                    [4],
                    InterventionFileFormat.Safetensors
                ),
            Throws.TypeOf<InterventionException>().With.Message.Contains("is code")
        );
    }

    [TestCase("../../secret")]
    [TestCase("a/b")]
    [TestCase("")]
    public void A_key_that_leads_out_of_the_folder_is_refused(string key)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("config.json"), $$"""{"representations": [{}], "sorted_keys": ["{{key}}"]}""");

        Assert.That(
            () => InterventionFolder.Load(folder.Path),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("$.sorted_keys[0]")
        );
    }

    [Test]
    public void Missing_files_and_tensors_are_named()
    {
        using var folder = new TemporaryFolder();
        Assert.That(
            () => InterventionFolder.Load(folder.Path),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("config.json")
        );

        File.WriteAllText(
            folder.File("config.json"),
            """{"representations": [{"intervention_type": "RotatedSpaceIntervention"}]}"""
        );
        Assert.That(
            () => InterventionFolder.Load(folder.Path),
            Throws
                .TypeOf<ModelFormatException>()
                .With.Message.Contains("intkey_layer_0_comp_block_output_unit_pos_nunit_1#0.bin")
        );

        SafetensorsFile.Write(
            folder.File("intkey_layer_0_comp_block_output_unit_pos_nunit_1#0.safetensors"),
            new Dictionary<string, NumericArray> { ["other"] = s_vector }
        );
        Assert.That(
            () => InterventionFolder.Load(folder.Path),
            Throws
                .TypeOf<InterventionException>()
                .With.Message.Contains("'rotate_layer.weight'")
                .And.Message.Contains(".safetensors")
        );
    }

    [Test]
    public void A_configuration_in_pyvenes_schema_reads_as_it_was_written()
    {
        var config = new IntervenableConfig
        {
            Mode = InterventionMode.Serial,
            Representations =
            [
                new()
                {
                    Layer = 2,
                    Component = "head_query_output",
                    Unit = "h.pos",
                    MaxNumberOfUnits = 2,
                    LowRankDimension = 3,
                    InterventionType = InterventionType.LowRankRotatedSpace,
                    SubspacePartition =
                    [
                        [0, 2],
                        [2, 3, 5],
                    ],
                    GroupKey = 1,
                    InterventionLinkKey = 4,
                    LatentDimension = 9,
                    InterchangeDimensions = [1, 2],
                },
                new()
                {
                    Component = "a.b/c",
                    InterventionType = InterventionType.LoReFT,
                    GroupKey = 0,
                },
            ],
        };

        var read = IntervenableConfig.FromJson(config.ToJson());

        Assert.That(read.ToJson(), Is.EqualTo(config.ToJson()));
        Assert.That(read.Representations[0].SubspacePartition[1], Is.EqualTo(new[] { 2, 3, 5 }));
        Assert.That(read.Representations[1].InterventionType, Is.EqualTo(InterventionType.LoReFT));
        Assert.That(
            InterventionKeys.Of(config),
            Is.EqualTo(new[] { "layer_2_comp_head_query_output_unit_h_pos_nunit_2#0", "comp_a_b_c_unit_pos_nunit_1#0" })
        );
    }
}
