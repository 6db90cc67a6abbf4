using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Tests.Json;

namespace OnnxIntervene.Tests.Interventions;

/// <summary>pyvene's configurations, in objects and in tuples, and what is wrong with others.</summary>
public sealed class ConfigTests
{
    [Test]
    public void Objects_and_tuples_say_the_same()
    {
        var objects = IntervenableConfig.FromJson(
            """{"mode": "parallel", "representations": [{"layer": 3, "component": "mlp_output", "unit": "pos", "max_number_of_units": 2, "intervention_type": "AdditionIntervention"}]}"""
        );
        var tuples = IntervenableConfig.FromJson(
            """{"representations": [[3, "mlp_output", "pos", 2, null, "<class 'pyvene.models.interventions.AdditionIntervention'>", null, null]]}"""
        );

        Assert.That(tuples.Representations[0], Is.EqualTo(objects.Representations[0]));
        Assert.That(objects.Representations[0].InterventionType, Is.EqualTo(InterventionType.Addition));
    }

    [Test]
    public void One_type_serves_all_and_a_list_one_each()
    {
        const string Two = """ "representations": [{"layer": 0}, {"layer": 1}] """;

        var one = IntervenableConfig.FromJson($$"""{"intervention_types": "ZeroIntervention", {{Two}}}""");
        var each = IntervenableConfig.FromJson(
            $$"""{"intervention_types": ["ZeroIntervention", "CollectIntervention"], {{Two}}}"""
        );

        Assert.That(one.Representations.Select(item => item.InterventionType), Has.All.EqualTo(InterventionType.Zero));
        Assert.That(each.Representations[1].InterventionType, Is.EqualTo(InterventionType.Collect));
    }

    [TestCase("{", "not JSON")]
    [TestCase("[]", "object is expected")]
    [TestCase("""{"representations": []}""", "no representation")]
    [TestCase("""{"representations": [{"layr": 1}]}""", "$.representations[0].layr")]
    [TestCase("""{"representations": [{"layer": "x"}]}""", "$.representations[0].layer")]
    [TestCase("""{"representations": [{"layer": 1}, {"component": 3}]}""", "$.representations[1].component")]
    [TestCase("""{"representations": [{"intervention_type": "OddIntervention"}]}""", "OddIntervention")]
    [TestCase("""{"representations": [{}], "modes": "serial"}""", "$.modes")]
    [TestCase("""{"representations": [{}], "mode": "sideways"}""", "$.mode")]
    [TestCase(
        """{"representations": [{"subspace_partition": [[0, "x"]]}]}""",
        "$.representations[0].subspace_partition[0]"
    )]
    [TestCase("""{"intervention_types": ["ZeroIntervention"], "representations": [{}, {}]}""", "1 names for 2")]
    public void A_fault_is_reported_with_its_place(string json, string message) =>
        Assert.That(
            () => IntervenableConfig.FromJson(json),
            Throws.TypeOf<InterventionException>().With.Message.Contains(message)
        );

    [Test]
    public void Every_field_that_pyvene_writes_is_read()
    {
        var config = IntervenableConfig.FromJson(
            """
            {"mode": "serial", "intervention_dimensions": [[1, 4], 8], "intervention_types": ["LowRankRotatedSpaceIntervention", "VanillaIntervention"],
             "representations": [[2, "mlp_output", "pos", 3, 5, null, null, [[0, 8], [8, 9, 12]], 1, 7, null, null, null, 40], {"group_key": 0}]}
            """
        );

        var (first, second) = (config.Representations[0], config.Representations[1]);
        Assert.That(config.Mode, Is.EqualTo(InterventionMode.Serial));
        Assert.That(
            (first.Layer, first.Component, first.MaxNumberOfUnits, first.LowRankDimension),
            Is.EqualTo((2, "mlp_output", 3, (int?)5))
        );
        Assert.That(
            (first.GroupKey, first.InterventionLinkKey, first.LatentDimension),
            Is.EqualTo(((int?)1, (int?)7, (int?)40))
        );
        Assert.That(first.SubspacePartition[1], Is.EqualTo(new[] { 8, 9, 12 }));
        Assert.That(first.InterchangeDimensions, Is.EqualTo(new[] { 1, 4 }));
        Assert.That(second.InterchangeCount, Is.EqualTo(8));
        Assert.That(first.InterventionType, Is.EqualTo(InterventionType.LowRankRotatedSpace));
    }

    [Test]
    public void Locations_are_read_in_pyvenes_forms()
    {
        var config = IntervenableConfig.FromJson(
            """{"representations": [{"unit": "h.pos", "component": "head_value_output"}]}"""
        );

        var one = Locations("""{"sources->base": 4}""", config);
        var nested = Locations("""{"sources->base": [[[[[1]], [[2, 3]]]], [[[[0]], [[4, 5]]]]]}""", config);

        Assert.That(one.Base[0]!.Units[0], Is.EqualTo(new[] { 4 }));
        Assert.That(nested.Sources[0]!.Heads[0], Is.EqualTo(new[] { 1 }));
        Assert.That(nested.Base[0]!.Units[0], Is.EqualTo(new[] { 4, 5 }));
        Assert.That(
            () => Locations("""{"sources->base": [[[[[-1]]]]]}""", config),
            Throws.TypeOf<InterventionException>()
        );
    }

    private static UnitLocations Locations(string json, IntervenableConfig config) =>
        UnitLocationsReader.Read(Places.Of(json), config);
}
