using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Tests.Execution;

/// <summary>What a rotation is to be made for is checked before it is made.</summary>
public sealed class FreshFitTests
{
    private static readonly ModelInputs s_inputs = ModelInputs.FromTokens([1, 2, 3]);

    private static IEnumerable<InterventionType> Rotations() =>
        InterventionType.All.Where(type => type is { FoldsUnits: true, Begin: not null });

    [TestCaseSource(nameof(Rotations))]
    public void A_run_with_other_units_is_refused_before_the_rotation_is_made(InterventionType type)
    {
        using var model = Load(type, 60);

        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.That(
            () => model.Run(s_inputs, [s_inputs]),
            Throws.TypeOf<InterventionException>().With.Message.Contains("60 × 32").And.Message.Contains("3 × 32")
        );
        Assert.That(() => model.Explain(s_inputs, [s_inputs]), Throws.TypeOf<InterventionException>());
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(8_000_000));
    }

    [TestCaseSource(nameof(Rotations))]
    public void A_run_with_as_many_units_is_taken(InterventionType type)
    {
        using var model = Load(type, 2);

        Assert.That(
            () => model.Run(s_inputs, [s_inputs], UnitLocations.SourcesToBase(UnitLocation.At(-1, 0))),
            Throws.Nothing
        );
    }

    [TestCase(1_000_000_000, "32 × 1000000000")]
    [TestCase(int.MaxValue, "32 × 2147483647")]
    [TestCase(60_000_000, "[1920000000, 1920000000]")]
    [TestCase(67_000, "[2144000, 2144000]")]
    public void A_rotation_that_no_machine_holds_is_refused_when_the_model_is_loaded(int units, string sizes)
    {
        foreach (var type in Rotations().Where(type => !type.BeginsWithRank))
            Assert.That(() => Load(type, units), Throws.TypeOf<InterventionException>().With.Message.Contains(sizes));
    }

    [Test]
    public void A_rank_counts_as_a_size() =>
        Assert.That(
            () => Load(InterventionType.LowRankRotatedSpace, 60_000_000, 60_000_000),
            Throws.TypeOf<InterventionException>().With.Message.Contains("[1920000000, 60000000]")
        );

    [TestCase(int.MinValue)]
    [TestCase(-int.MaxValue)]
    [TestCase(-4)]
    [TestCase(3)]
    [TestCase(int.MaxValue)]
    public void A_position_that_is_not_there_is_refused(int position)
    {
        using var model = TinyModels.Load(new RepresentationConfig { InterventionType = InterventionType.Zero });

        Assert.That(
            () => model.Run(s_inputs, null, UnitLocations.SourcesToBase(UnitLocation.At(position))),
            Throws.TypeOf<InterventionException>().With.Message.Contains($"{position}")
        );
    }

    [TestCase(0, int.MaxValue)]
    [TestCase(int.MaxValue - 1, int.MaxValue)]
    [TestCase(int.MinValue, int.MaxValue)]
    [TestCase(int.MinValue, int.MinValue + 1)]
    [TestCase(5, 5)]
    [TestCase(5, int.MinValue)]
    public void A_part_of_a_partition_beyond_the_space_is_refused(int start, int end)
    {
        using var model = TinyModels.Load(
            new RepresentationConfig
            {
                InterventionType = InterventionType.Zero,
                SubspacePartition =
                [
                    [start, end],
                ],
            }
        );

        Assert.That(() => model.Run(s_inputs), Throws.TypeOf<InterventionException>().With.Message.Contains("part 0"));
    }

    // 50,000 heads times 50,000 positions out of a file of 200 kB.
    [Test]
    public void Units_that_multiply_are_refused()
    {
        using var model = TinyModels.Load(
            new RepresentationConfig
            {
                Component = "head_attention_value_output",
                Unit = "h.pos",
                InterventionType = InterventionType.Zero,
            }
        );

        Assert.That(
            () =>
                model.Run(
                    s_inputs,
                    null,
                    UnitLocations.SourcesToBase(UnitLocation.AtHeads(new int[50_000], new int[50_000]))
                ),
            Throws.TypeOf<InterventionException>().With.Message.Contains("[1, 50000, 50000]")
        );
    }

    private static IntervenableModel Load(InterventionType type, int units, int rank = 4) =>
        TinyModels.Load(
            new RepresentationConfig
            {
                InterventionType = type,
                MaxNumberOfUnits = units,
                LowRankDimension = rank,
            }
        );
}
