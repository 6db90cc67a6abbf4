using System.Text.Json;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;

namespace OnnxIntervene.Tests.Interventions;

/// <summary>pyvene's configurations, in objects and in tuples, and what is wrong with others.</summary>
public sealed class ConfigTests
{
    [Test]
    public void Objects_and_tuples_say_the_same()
    {
        var objects = IntervenableConfig.FromJson(
            """{"mode": "parallel", "representations": [{"layer": 3, "component": "mlp_output", "unit": "pos", "max_number_of_units": 2, "intervention_type": "AdditionIntervention"}]}""");
        var tuples = IntervenableConfig.FromJson(
            """{"representations": [[3, "mlp_output", "pos", 2, null, "<class 'pyvene.models.interventions.AdditionIntervention'>", null, null]]}""");

        Assert.That(tuples.Representations[0], Is.EqualTo(objects.Representations[0]));
        Assert.That(objects.Representations[0].InterventionType, Is.EqualTo(InterventionType.Addition));
    }

    [Test]
    public void One_type_serves_all_and_a_list_one_each()
    {
        const string Two = """ "representations": [{"layer": 0}, {"layer": 1}] """;

        var one = IntervenableConfig.FromJson($$"""{"intervention_types": "ZeroIntervention", {{Two}}}""");
        var each = IntervenableConfig.FromJson($$"""{"intervention_types": ["ZeroIntervention", "CollectIntervention"], {{Two}}}""");

        Assert.That(one.Representations.Select(item => item.InterventionType), Has.All.EqualTo(InterventionType.Zero));
        Assert.That(each.Representations[1].InterventionType, Is.EqualTo(InterventionType.Collect));
    }

    [TestCase("{", "no JSON")]
    [TestCase("[]", "object is expected")]
    [TestCase("""{"representations": []}""", "no representation")]
    [TestCase("""{"representations": [{"layr": 1}]}""", "$.representations[0].layr")]
    [TestCase("""{"representations": [{"layer": "x"}]}""", "$.representations[0].layer")]
    [TestCase("""{"representations": [{"layer": 1}, {"component": 3}]}""", "$.representations[1].component")]
    [TestCase("""{"representations": [{"intervention_type": "OddIntervention"}]}""", "OddIntervention")]
    [TestCase("""{"intervention_types": ["ZeroIntervention"], "representations": [{}, {}]}""", "1 names for 2")]
    public void A_fault_is_reported_with_its_place(string json, string message) =>
        Assert.That(() => IntervenableConfig.FromJson(json), Throws.TypeOf<InterventionException>().With.Message.Contains(message));

    [TestCase("""{"mode": "serial", "representations": [{}]}""", "serial")]
    [TestCase("""{"representations": [{"group_key": 0}]}""", "group_key")]
    [TestCase("""{"representations": [{"intervention_type": "RotatedSpaceIntervention"}]}""", "RotatedSpaceIntervention")]
    public void What_pyvene_has_and_this_version_has_not_is_named(string json, string message) =>
        Assert.That(() => IntervenableConfig.FromJson(json), Throws.TypeOf<NotSupportedException>().With.Message.Contains(message));

    [Test]
    public void Locations_are_read_in_pyvenes_forms()
    {
        var config = IntervenableConfig.FromJson("""{"representations": [{"unit": "h.pos", "component": "head_value_output"}]}""");

        var one = Locations("""{"sources->base": 4}""", config);
        var nested = Locations("""{"sources->base": [[[[[1]], [[2, 3]]]], [[[[0]], [[4, 5]]]]]}""", config);

        Assert.That(one.Base[0]!.Units[0], Is.EqualTo(new[] { 4 }));
        Assert.That(nested.Sources[0]!.Heads[0], Is.EqualTo(new[] { 1 }));
        Assert.That(nested.Base[0]!.Units[0], Is.EqualTo(new[] { 4, 5 }));
        Assert.That(() => Locations("""{"sources->base": [[[[[-1]]]]]}""", config), Throws.TypeOf<InterventionException>());
    }

    private static UnitLocations Locations(string json, IntervenableConfig config)
    {
        using var document = JsonDocument.Parse(json);
        return UnitLocationsReader.Read(document.RootElement, config);
    }
}
