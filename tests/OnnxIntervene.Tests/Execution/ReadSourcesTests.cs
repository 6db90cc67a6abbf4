using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Execution;

/// <summary>Sources that are read once serve many bases.</summary>
public sealed class ReadSourcesTests
{
    private static readonly ModelInputs s_base = ModelInputs.FromTokens([
        [1, 5, 9, 2, 7],
        [3, 3, 8, 11, 4],
    ]);
    private static readonly ModelInputs s_source = ModelInputs.FromTokens([
        [6, 2, 2, 11, 9],
        [4, 8, 15, 16, 23],
    ]);

    [Test]
    public void Sources_of_different_lengths_are_read_each_at_its_own_positions()
    {
        var longer = ModelInputs.FromTokens([
            [6, 2, 2, 11, 9, 1, 1, 8],
            [4, 8, 15, 16, 23, 42, 1, 0],
        ]);
        using var model = TinyModels.Load(
            TinyModels.At(0, new VanillaIntervention()),
            TinyModels.At(1, new VanillaIntervention())
        );

        var read = model.ReadSources(
            [s_source, longer],
            new UnitLocations([UnitLocation.At(1), UnitLocation.At(7)], [UnitLocation.At(1), UnitLocation.At(2)])
        );

        Assert.That(
            Difference.Largest(read[0]!.Floats, TinyModels.Collect(s_source, UnitLocation.At(1), 0).Floats),
            Is.LessThan(1e-5)
        );
        Assert.That(
            Difference.Largest(read[1]!.Floats, TinyModels.Collect(longer, UnitLocation.At(7), 1).Floats),
            Is.LessThan(1e-5)
        );
    }

    [Test]
    public void Heads_that_are_rotated_together_are_given_heads_first_as_all_others()
    {
        var rotation = new RotatedSpaceIntervention(Orthonormalization.Columns(TinyModels.Waves(16, 16)));
        using var model = TinyModels.Load(TinyModels.At(1, rotation, "head_value_output", "h.pos"));
        var location = UnitLocations.SourcesToBase(UnitLocation.AtHeads([2, 0], 1, 3, 4));
        var half = new Subspaces([
            [
                [0, 1, 2, 3, 4, 5, 6, 7],
            ],
        ]);

        var read = model.ReadSources([s_source], location)[0]!;
        var again = model.Run(
            s_base,
            unitLocations: location,
            settings: new RunSettings { SourceRepresentations = [read], Subspaces = half }
        );
        var run = model.Run(s_base, [s_source], location, new RunSettings { Subspaces = half });

        Assert.That(
            Difference.Largest(
                read.Floats,
                TinyModels.Collect(s_source, location.Sources[0], 1, "head_value_output", "h.pos").Floats
            ),
            Is.LessThan(1e-5)
        );
        Assert.That(again.Intervened.Logits.Floats.SequenceEqual(run.Intervened.Logits.Floats));
    }

    [Test]
    public void Examples_with_different_counts_of_units_are_given_one_after_the_other()
    {
        using var model = TinyModels.Load(TinyModels.At(1, new VanillaIntervention()));
        var location = UnitLocations.SourcesToBase(
            new UnitLocation([
                [1],
                [0, 3],
            ])
        );

        var read = model.ReadSources([s_source], location)[0]!;
        var again = model.Run(
            s_base,
            unitLocations: location,
            settings: new RunSettings { SourceRepresentations = [read] }
        );

        Assert.That(read.Shape, Is.EqualTo(new[] { 3, 32 }));
        Assert.That(
            again.Intervened.Logits.Floats.SequenceEqual(
                model.Run(s_base, [s_source], location).Intervened.Logits.Floats
            )
        );
    }

    [Test]
    public void What_has_no_source_run_is_null()
    {
        using var model = TinyModels.Load(
            TinyModels.At(0, new ZeroIntervention()),
            TinyModels.At(1, new VanillaIntervention()),
            TinyModels.At(2, new VanillaIntervention())
        );

        var read = model.ReadSources([s_source, s_source, null], UnitLocations.SourcesToBase(1));

        Assert.That(read.Select(array => array is not null), Is.EqualTo(new[] { false, true, false }));
    }

    [Test]
    public void The_sources_of_a_chain_cannot_be_read_by_themselves()
    {
        using var chain = TinyModels.Load(
            InterventionMode.Serial,
            TinyModels.At(0, new VanillaIntervention()),
            TinyModels.At(2, new VanillaIntervention())
        );

        Assert.That(
            () => chain.ReadSources([s_source, s_source], UnitLocations.SourcesToBase(1)),
            Throws.TypeOf<InterventionException>().With.Message.Contains("use mode parallel")
        );
    }
}
