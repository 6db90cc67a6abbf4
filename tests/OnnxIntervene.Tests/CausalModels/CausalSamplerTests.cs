using OnnxIntervene.CausalModels;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;

namespace OnnxIntervene.Tests.CausalModels;

public sealed class CausalSamplerTests
{
    private static readonly CausalModel s_equality = EqualityTask.Model(20, 1);

    [Test]
    public void Whole_numbers_are_numpys()
    {
        var random = new NumpyRandom(0);

        Assert.That(
            Enumerable.Range(0, 10).Select(_ => random.NextInteger(10)),
            Is.EqualTo(new[] { 5, 0, 3, 3, 7, 9, 3, 5, 2, 4 }),
            "numpy.random.RandomState(0).randint(10, size=10)"
        );
    }

    [Test]
    public void One_seed_gives_one_data_set()
    {
        var options = new CausalDatasetOptions { Seed = 7, BatchSize = 4 };

        var first = CausalDataset.GenerateCounterfactual(s_equality, 32, options);
        var again = CausalDataset.GenerateCounterfactual(s_equality, 32, options);
        var other = CausalDataset.GenerateCounterfactual(s_equality, 32, options with { Seed = 8 });

        Assert.That(again.Select(example => example.Base), Is.EqualTo(first.Select(example => example.Base)));
        Assert.That(other.Select(example => example.Base), Is.Not.EqualTo(first.Select(example => example.Base)));
    }

    [Test]
    public void Tree_balanced_inputs_reach_every_value_as_often()
    {
        var sampler = new CausalSampler(s_equality, 3);

        var runs = Enumerable
            .Range(0, 1000)
            .Select(_ => s_equality.RunForward(sampler.SampleInputTreeBalanced()))
            .ToList();

        // Binomial, p = ½, n = 1000: three standard deviations are 48.
        Assert.That(runs.Count(run => run["O"].IsTrue), Is.EqualTo(500).Within(48));
        Assert.That(runs.Count(run => run["WX"].IsTrue), Is.EqualTo(500).Within(48));
        Assert.That(
            Enumerable
                .Range(0, 20)
                .Select(_ => s_equality.RunForward(sampler.SampleInputTreeBalanced("YZ", true))["YZ"].IsTrue),
            Is.All.True
        );
    }

    [Test]
    public void Where_ways_share_an_input_the_wanted_value_still_comes_out()
    {
        var model = new CausalModel(
            CausalVariable.Input("A", CausalValue.Truths),
            CausalVariable.Input("B", CausalValue.Truths),
            CausalVariable.Computed("Both", CausalValue.Truths, ["A", "B"], CausalFunctions.And),
            CausalVariable.Computed("Either", CausalValue.Truths, ["A", "B"], CausalFunctions.Or),
            CausalVariable.Computed("Differ", CausalValue.Truths, ["Both", "Either"], CausalFunctions.Xor)
        );
        var sampler = new CausalSampler(model, 3);

        var runs = Enumerable
            .Range(0, 50)
            .Select(_ => model.RunForward(sampler.SampleInputTreeBalanced("Differ", true)));

        Assert.That(runs.Select(run => run["Differ"].IsTrue), Is.All.True);
    }

    [Test]
    public void What_no_input_gives_is_refused()
    {
        var model = new CausalModel(
            CausalVariable.Input("A", [1, 2]),
            CausalVariable.Input("B", [3, 4]),
            CausalVariable.Computed("Less", CausalValue.Truths, ["A", "B"], CausalFunctions.Less),
            CausalVariable.Computed("Not", CausalValue.Truths, ["Less"], CausalFunctions.Not)
        );
        var sampler = new CausalSampler(model, 1);

        Assert.That(
            () => sampler.SampleInputTreeBalanced("Less", false),
            Throws.InstanceOf<InterventionException>().With.Message.Contains("No input makes 'Less' false")
        );
        Assert.That(
            Enumerable
                .Range(0, 20)
                .Select(_ => sampler.SampleInputTreeBalanced())
                .Select(input => model.RunForward(input)["Not"].IsTrue),
            Is.All.False,
            "an output's own value is drawn among those that it can take"
        );
        Assert.That(Enumerable.Range(0, 20).Select(_ => sampler.SampleIntervention()["Less"].IsTrue), Is.All.True);
        Assert.That(() => sampler.SampleInput(_ => false), Throws.InstanceOf<InterventionException>());
    }

    [Test]
    public void Inputs_that_can_be_anything_need_a_sampler_of_ones_own()
    {
        var model = new CausalModel(
            CausalVariable.Input("A", []),
            CausalVariable.Input("B", []),
            CausalVariable.Computed("Same", CausalValue.Truths, ["A", "B"], CausalFunctions.Equal)
        );
        CausalSetting Sample(CausalSampler sampler, (string Variable, CausalValue Value)? condition) =>
            CausalSetting.Of(("A", sampler.Next(2)), ("B", sampler.Next(2)));

        var examples = CausalDataset.GenerateFactual(model, 50, new CausalDatasetOptions { Sampler = Sample });

        Assert.That(() => CausalDataset.GenerateFactual(model, 1), Throws.InstanceOf<InterventionException>());
        Assert.That(examples.Select(example => example.Labels["Same"].IsTrue), Has.Some.True.And.Some.False);
    }

    [Test]
    public void A_counterfactual_example_has_a_source_for_each_variable_that_is_set()
    {
        var examples = CausalDataset.GenerateCounterfactual(
            s_equality,
            48,
            new CausalDatasetOptions { BatchSize = 16, Sampler = CausalSampler.TreeBalanced }
        );

        Assert.That(examples, Has.Length.EqualTo(48));
        foreach (var batch in examples.Chunk(16))
            Assert.That(batch.Select(example => example.InterventionId), Is.All.EqualTo(batch[0].InterventionId));
        Assert.That(examples.Select(example => example.InterventionId).Distinct().Count(), Is.GreaterThan(1));
        foreach (var example in examples)
        {
            Assert.That(
                example.Sources.Select(source => source is not null),
                Is.EqualTo(Interchanged(example.InterventionId))
            );
            var (wx, yz) = (Truth(example, 0, "WX"), Truth(example, 1, "YZ"));
            Assert.That(example.Labels["O"].IsTrue, Is.EqualTo(wx == yz), $"{example}");
        }
    }

    [Test]
    public void Filters_and_numbers_of_ones_own_are_used()
    {
        var examples = CausalDataset.GenerateCounterfactual(
            s_equality,
            6,
            new CausalDatasetOptions
            {
                Filter = intervention => intervention.Count == 1 && intervention.Contains("YZ"),
                InterventionId = intervention => 40 + intervention.Count,
                BatchSize = 2,
            }
        );

        Assert.That(examples.Select(example => example.InterventionId), Is.All.EqualTo(41));
        Assert.That(examples.Select(example => example.Sources[0]), Is.All.Null);
        Assert.That(
            () => CausalDataset.GenerateCounterfactual(s_equality, 5, new() { BatchSize = 2 }),
            Throws.Exception
        );
    }

    private static bool[] Interchanged(int id) =>
        id switch
        {
            0 => [true, false],
            1 => [false, true],
            _ => [true, true],
        };

    private static bool Truth(CounterfactualExample example, int source, string variable) =>
        s_equality.RunForward(example.Sources[source] ?? example.Base)[variable].IsTrue;
}
