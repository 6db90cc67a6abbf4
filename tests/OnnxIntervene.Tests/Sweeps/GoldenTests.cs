using OnnxIntervene.Studies.Tracing;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Sweeps;

/// <summary>
/// What torch gives on trained language models: plain runs, collected components, interventions, sweeps and traces.
/// </summary>
[Category("Oracle")]
public sealed class GoldenTests
{
    // Kinds whose interventions are not built yet. To cover one, give it an entry in GoldenRunner and take it out of
    // here.
    private static readonly string[] s_notBuilt = ["steered_generation"];

    private static readonly List<GoldenModel> s_models = [.. GoldenModel.All()];
    private readonly Dictionary<GoldenModel, GoldenRunner> _runners = [];

    [OneTimeTearDown]
    public void Unload()
    {
        foreach (var runner in _runners.Values)
            runner.Dispose();
    }

    public static IEnumerable<TestCaseData> Cases() =>
        s_models
            .SelectMany(model =>
                model
                    .Goldens.Cases.Where(item => GoldenRunner.Kinds.Contains(item.Kind))
                    .Select(item => new TestCaseData(model, item).SetArgDisplayNames(model.Name, item.Kind, item.Name))
            )
            .Concat(RepositoryPaths.LargeModel is null ? new TestCaseData[] { WithoutLargeModel() } : []);

    public static IEnumerable<string> ModelNames() => s_models.Select(model => model.Name);

    // The large model does not travel with the repository.
    private static IgnoredTestCaseData WithoutLargeModel() =>
        new TestCaseData(null, null)
            .SetArgDisplayNames(GoldenModel.LargeName)
            .Ignore("The folder 'shared' with the large model is not beside the repository.");

    [TestCaseSource(nameof(Cases))]
    public void A_case_gives_torchs_numbers(GoldenModel model, GoldenCase item) => Runner(model).Check(item);

    [TestCaseSource(nameof(ModelNames))]
    public void Every_kind_of_case_is_covered_or_known_not_to_be(string name)
    {
        var kinds = s_models.Single(model => model.Name == name).Goldens.Cases.Select(item => item.Kind).Distinct();

        Assert.That(kinds.Except(GoldenRunner.Kinds), Is.SubsetOf(s_notBuilt));
        Assert.That(GoldenRunner.Kinds, Has.None.AnyOf(s_notBuilt));
    }

    [TestCaseSource(nameof(ModelNames))]
    public void The_noise_is_scaled_by_the_standard_deviation_of_the_embeddings(string name)
    {
        var model = s_models.Single(item => item.Name == name);
        var expected = model
            .Goldens.Cases.First(item => item.Kind == "causal_trace")
            .Json.GetProperty("embedding_std")
            .GetDouble();

        Assert.That(
            EmbeddingNoise.StandardDeviation(Runner(model).Model.Components),
            Is.EqualTo(expected).Within(1e-6)
        );
    }

    private GoldenRunner Runner(GoldenModel model)
    {
        if (!_runners.TryGetValue(model, out var runner))
            _runners.Add(model, runner = new GoldenRunner(model));
        return runner;
    }
}
