using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Files;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Planning.Files;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Execution;

/// <summary>Requests that would be carried out, but mean nothing or more than one thing.</summary>
public sealed class RefusedRequestTests
{
    private static readonly ModelInputs s_base = ModelInputs.FromTokens([0, 345, 888, 543]);
    private static readonly ModelInputs s_source = ModelInputs.FromTokens([0, 346, 889, 544]);

    [TestCase(new[] { 1, 2, 3 }, new[] { 2, 2, 1 }, false)]
    [TestCase(new[] { 1, 1, 3 }, new[] { 2, 2, 1 }, true)]
    [TestCase(new[] { 1, 2 }, new[] { 2, 3 }, true)]
    public void A_position_written_twice_must_have_one_source(int[] sources, int[] written, bool isTaken)
    {
        using var model = Load(new RepresentationConfig { InterventionType = InterventionType.Vanilla });
        var locations = new UnitLocations([UnitLocation.At(sources)], [UnitLocation.At(written)]);

        Action run = () => model.Run(s_base, [s_source], locations);

        if (isTaken)
            Assert.That(run, Throws.Nothing);
        else
            Refused(run, "the unit 2 of example 0 is written twice");
    }

    [Test]
    public void Zeros_and_reads_may_be_repeated()
    {
        using var model = Load(
            new RepresentationConfig { InterventionType = InterventionType.Zero },
            new RepresentationConfig { InterventionType = InterventionType.Collect, Layer = 1 }
        );

        Assert.That(() => model.Run(s_base, null, UnitLocations.SourcesToBase(UnitLocation.At(1, 1))), Throws.Nothing);
    }

    [Test]
    public void A_rotation_over_a_repeated_position_is_refused()
    {
        using var model = Load(
            new RepresentationConfig
            {
                InterventionType = InterventionType.LowRankRotatedSpace,
                LowRankDimension = 2,
                MaxNumberOfUnits = 2,
            }
        );

        Refused(
            () => model.Run(s_base, [s_source], UnitLocations.SourcesToBase(UnitLocation.At(1, 1))),
            "is written twice"
        );
    }

    [TestCase(1f, 0f, 1f, 1f, "is not orthogonal")]
    [TestCase(2f, 0f, 0f, 1f, "has the length 2, not 1")]
    [TestCase(float.NaN, 0f, 0f, 1f, "are not finite (NaN or infinity)")]
    public void A_rotation_that_turns_nothing_is_refused_when_read(float a, float b, float c, float d, string message)
    {
        using var folder = new TemporaryFolder();
        var scale = b == 0 && c != 0 ? MathF.Sqrt(0.5f) : 1;
        OnnxIntervene.Formats.SafetensorsFile.Write(
            folder.File("r.safetensors"),
            new Dictionary<string, NumericArray>
            {
                ["rotate_layer.weight"] = NumericArray.Of(new[] { a, c * scale, b, d * scale }, 2, 2),
            }
        );
        File.WriteAllText(
            folder.File("run.json"),
            """
            {"interventions": [{"kind": "RotatedSpace", "component": "block_output", "parameters": "r.safetensors"}]}
            """
        );
        Refused(() => RunFile.Read(folder.File("run.json")), message, "$.interventions[0].parameters");

        var config = new IntervenableConfig
        {
            Representations = [new() { InterventionType = InterventionType.RotatedSpace }],
        };
        var intervention = new RotatedSpaceIntervention(NumericArray.Of(new[] { a, c * scale, b, d * scale }, 2, 2));
        InterventionFolder.Save(folder.File("saved"), config, [intervention], [2], InterventionFileFormat.Safetensors);
        Refused(() => InterventionFolder.Load(folder.File("saved")), message, "intkey_");
    }

    [Test]
    public void A_kind_beside_an_intervention_of_another_is_refused() =>
        Refused(
            () =>
                Load(
                    new RepresentationConfig
                    {
                        InterventionType = InterventionType.Vanilla,
                        Intervention = new ZeroIntervention(),
                    }
                ),
            "the kind Vanilla is stated, but the intervention is of the kind Zero"
        );

    [Test]
    public void Coefficients_of_kinds_that_take_none_are_refused()
    {
        using var model = Load(new RepresentationConfig { InterventionType = InterventionType.Vanilla });
        var settings = new RunSettings { Coefficients = [Coefficient.Of(2)] };
        using var folder = new TemporaryFolder();
        File.WriteAllText(
            folder.File("run.json"),
            """{"interventions": [{"kind": "Vanilla", "component": "block_output", "coefficient": 2}]}"""
        );

        Refused(() => model.Run(s_base, [s_source], null, settings), "Kinds that do: Addition, ");
        Refused(() => RunFile.Read(folder.File("run.json")), "takes no coefficient", "$.interventions[0].coefficient");
    }

    [Test]
    public void The_top_tokens_of_a_padded_example_follow_its_last_token()
    {
        using var model = Load();
        var text = model.Tokenize("The company Volvo makes").Tokens.Integers.ToArray();
        long[] ids = [.. text, 0, 0];
        long[] mask = [.. text.Select(_ => 1L), 0, 0];
        var padded = new ModelInputs(
            ModelInputs
                .FromTokens([1])
                .Arrays.SetItem(ModelInputs.TokenInput, NumericArray.Of(ids, 1, ids.Length))
                .SetItem("attention_mask", NumericArray.Of(mask, 1, mask.Length))
        );

        using var result = model.Run(padded);
        using var alone = model.Run(model.Tokenize("The company Volvo makes"));

        Assert.That(model.TopTokens(result.Intervened, 1).Tokens[0].Text, Is.EqualTo(" estates"));
        Assert.That(
            Difference.Largest(result.Intervened.LogitsAt(0, -1).Span, alone.Intervened.LogitsAt(0, -1).Span),
            Is.LessThan(1e-3)
        );
    }

    private static IntervenableModel Load(params RepresentationConfig[] representations) =>
        IntervenableModel.Load(
            RepositoryPaths.DefaultModel,
            new IntervenableConfig { Representations = [.. representations] }
        );

    private static void Refused(Action action, params string[] parts)
    {
        var fault = Assert.Throws<InterventionException>(() => action());
        foreach (var part in parts)
            Assert.That(fault.Message, Does.Contain(part));
    }
}
