using NUnit.Framework.Constraints;
using OnnxIntervene.CausalModels;
using OnnxIntervene.IR;

namespace OnnxIntervene.Tests.CausalModels;

public sealed class CausalModelTests
{
    // pyvene's own test case.
    private static readonly CausalModel s_both = new(
        CausalVariable.Input("A", CausalValue.Truths) with
        {
            Default = true,
        },
        CausalVariable.Input("B", CausalValue.Truths) with
        {
            Default = true,
        },
        CausalVariable.Computed("C", CausalValue.Truths, ["A", "B"], CausalFunctions.And)
    );

    [Test]
    public void Variables_are_sorted_into_inputs_intermediates_and_outputs()
    {
        var model = EqualityTask.Model(20, 1);

        Assert.That(model.Inputs.Select(variable => variable.Name), Is.EqualTo(new[] { "W", "X", "Y", "Z" }));
        Assert.That(model.Intermediates.Select(variable => variable.Name), Is.EqualTo(new[] { "WX", "YZ" }));
        Assert.That(model.Outputs.Select(variable => variable.Name), Is.EqualTo(new[] { "O" }));
        Assert.That(
            model.Variables.Select(item => model.TimestepOf(item.Name)),
            Is.EqualTo(new[] { 0, 0, 0, 0, 1, 1, 2 })
        );
    }

    [Test]
    public void A_run_computes_what_is_not_set([Values] bool a, [Values] bool b)
    {
        Assert.That(s_both.RunForward()["C"].IsTrue);
        Assert.That(
            s_both.RunForward(CausalSetting.Of(("A", a), ("B", b))),
            Is.EqualTo(CausalSetting.Of(("A", a), ("B", b), ("C", a && b)))
        );
        Assert.That(s_both.RunForward(CausalSetting.Of(("A", a), ("B", b), ("C", true)))["C"].IsTrue);
    }

    [Test]
    public void An_interchange_takes_each_variable_from_its_sources_run()
    {
        var model = EqualityTask.Model(20, 1);
        var (aabb, abcc) = (EqualityTask.Input(model, 0, 0, 1, 3), EqualityTask.Input(model, 0, 1, 2, 2));

        var swapped = model.RunInterchange(aabb, Sources(("WX", abcc)));
        var both = model.RunInterchange(aabb, Sources(("WX", abcc), ("YZ", abcc)));

        Assert.That(model.RunForward(aabb)["O"].IsTrue, Is.False);
        Assert.That(
            (swapped["WX"].IsTrue, swapped["YZ"].IsTrue, swapped["O"].IsTrue),
            Is.EqualTo((false, false, true))
        );
        Assert.That((both["WX"].IsTrue, both["YZ"].IsTrue, both["O"].IsTrue), Is.EqualTo((false, true, false)));
        Assert.That(
            s_both.RunInterchange(Truths(false, false), Sources(("C", Truths(true, true))))["C"].IsTrue,
            "an output can be interchanged too"
        );
    }

    [Test]
    public void Classes_list_what_gives_each_value()
    {
        var classes = new EquivalenceClasses(s_both);

        Assert.That(classes.Of("C", true), Has.Length.EqualTo(1));
        Assert.That(
            classes.Of("C", false).Select(parents => string.Join(' ', parents)),
            Is.EqualTo(new[] { "false false", "false true", "true false" })
        );
        Assert.That(() => classes.Of("A", true), Throws.InstanceOf<InterventionException>());
    }

    [Test]
    public void Live_paths_are_those_along_which_a_change_arrives()
    {
        var model = new CausalModel(
            CausalVariable.Input("A", CausalValue.Truths),
            CausalVariable.Input("B", CausalValue.Truths),
            CausalVariable.Computed("M", CausalValue.Truths, ["A", "B"], CausalFunctions.And),
            CausalVariable.Computed("N", CausalValue.Truths, ["M"], CausalFunctions.Not)
        );

        var paths = LivePaths.Find(model, Truths(true, false)).Select(path => string.Join(' ', path));

        // While B is false, A changes nothing.
        Assert.That(paths, Is.EqualTo(new[] { "B M", "M N", "B M N" }));
        Assert.That(LivePaths.SpecificPathFilter(model, "B", "N")(model.RunForward(Truths(true, false))));
        Assert.That(LivePaths.SpecificPathFilter(model, "A", "N")(model.RunForward(Truths(true, false))), Is.False);
        Assert.That(LivePaths.MaxLengthFilter(model, 3)(model.RunForward(Truths(true, false))));
        Assert.That(LivePaths.MaxLengthFilter(model, 2)(model.RunForward(Truths(false, false))));
        Assert.That(LivePaths.PartialFilter(CausalSetting.Of(("N", true)))(model.RunForward(Truths(true, false))));
    }

    [Test]
    public void A_variable_that_cannot_be_computed_is_named()
    {
        Assert.That(() => Make(Of("A", "B"), Of("B", "A")), Refuses("circle: A → B → A"));
        Assert.That(() => Make(Of("A", "Q")), Refuses("'Q'"));
        Assert.That(() => Make(Of("A", "A")), Refuses("circle"));
        Assert.That(() => EqualityTask.Model(3, 1).RunForward(CausalSetting.Empty), Refuses("'W' has no value"));
        Assert.That(() => s_both.RunForward(CausalSetting.Of(("D", true))), Refuses("no variable 'D'"));
        Assert.That(() => s_both.RunForward(CausalSetting.Of(("A", 3))), Refuses("'A' cannot be 3"));
        Assert.That(() => Make(CausalVariable.Input("A", [1, 2, 1])), Refuses("1 stands twice"));
    }

    [Test]
    public void A_function_outside_its_variables_values_is_named_with_what_it_was_given()
    {
        var model = Make(
            CausalVariable.Input("A", CausalValue.Range(0, 3)),
            CausalVariable.Computed("S", CausalValue.Range(0, 3), ["A"], parents => parents[0].Number + 1)
        );

        Assert.That(model.RunForward(CausalSetting.Of(("A", 2)))["S"].Number, Is.EqualTo(3));
        Assert.That(
            () => model.RunForward(CausalSetting.Of(("A", 3))),
            Refuses("'S' gives 4 for A = 3").And.Message.Contains("0, 1, 2, 3")
        );
    }

    [Test]
    public void Values_are_equal_by_contents_and_kind()
    {
        CausalValue vector = new[] { 0.5f, -1f };

        Assert.That(vector, Is.EqualTo(CausalValue.FromVector([0.5f, -1f])));
        Assert.That(vector.GetHashCode(), Is.EqualTo(CausalValue.FromVector([0.5f, -1f]).GetHashCode()));
        Assert.That(CausalValue.FromNumber(1), Is.Not.EqualTo(CausalValue.True));
        Assert.That(CausalValue.FromNumber(-0.0), Is.EqualTo(CausalValue.FromNumber(0)));
        Assert.That(() => CausalValue.FromText("a").Number, Throws.InvalidOperationException);
    }

    private static CausalModel Make(params CausalVariable[] variables) => new(variables);

    private static CausalVariable Of(string name, string parent) =>
        CausalVariable.Computed(name, CausalValue.Truths, [parent], CausalFunctions.Not);

    private static CausalSetting Truths(bool a, bool b) => CausalSetting.Of(("A", a), ("B", b));

    private static Dictionary<string, CausalSetting> Sources(params (string Name, CausalSetting Input)[] sources) =>
        sources.ToDictionary(source => source.Name, source => source.Input);

    private static ContainsConstraint Refuses(string words) =>
        Throws.InstanceOf<InterventionException>().With.Message.Contains(words);
}
