using System.Globalization;
using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Interpretation;

/// <summary>
/// Random runs of all kinds equal what the slow reference makes of them. ONNX_INTERVENE_RANDOM_RUNS sets how many runs
/// of each kind
/// are tried on each model; a failure names the seed.
/// </summary>
public sealed class RandomRunTests
{
    // Between the sites both compute in 32 bits, the reference without ONNX Runtime's fusions: relative to the largest
    // number they were
    // never further apart than 2e-6 in 3500 runs.
    private const double Tolerance = 2e-5;
    private const double SmallestEffect = 1e-2;
    private const int UsualRuns = 2;

    private static readonly string[] s_models = ["gpt2/optimum", "gpt2/dynamo", "llama/optimum", "llama/dynamo"];

    private readonly DrawnModels _models = new();

    [TearDown]
    public void Forget() => _models.Forget();

    [OneTimeTearDown]
    public void Close() => _models.Dispose();

    private static int Runs =>
        int.TryParse(
            Environment.GetEnvironmentVariable("ONNX_INTERVENE_RANDOM_RUNS"),
            CultureInfo.InvariantCulture,
            out var runs
        )
            ? runs
            : UsualRuns;

    [Test, Combinatorial]
    public void Random_runs_equal_the_reference(
        [ValueSource(nameof(s_models))] string name,
        [ValueSource(typeof(DrawnKinds), nameof(DrawnKinds.All))] InterventionType kind
    )
    {
        var cut = _models.Cut(name);
        using var loaded = _models.Open(name);
        var effect = 0.0;
        for (var run = 0; run < Runs; run++)
        {
            var seed = (1000 * DrawnKinds.NumberOf(kind)) + run;
            effect = Math.Max(
                effect,
                Judge(cut, loaded, new RunDraw(cut, new Draws(seed)).Draw(kind, isAlone: run % UsualRuns == 0), seed)
            );
            cut.Forget();
        }

        Assert.That(effect, Is.GreaterThan(SmallestEffect), "no run changed anything");
    }

    // Sources that were read beforehand act as their runs do; in a chain they cannot be.
    private static void CheckReadSources(IntervenableModel model, DrawnRun run, RunResult result, string message)
    {
        if (
            run.Config.Mode == InterventionMode.Serial
            || run.Sources is not { } sources
            || sources.All(source => source is null)
        )
            return;
        var read = model.ReadSources([.. sources], run.Locations);
        var constants = run.Settings.SourceRepresentations;
        var settings = run.Settings with
        {
            SourceRepresentations =
            [
                .. read.Select((array, index) => constants.IsEmpty ? array : constants[index] ?? array),
            ],
        };
        var again = model.Run(run.Base, [null], run.Locations, settings);
        Assert.That(Distance(again.Intervened.Logits, result.Intervened.Logits), Is.LessThan(Tolerance), message);
    }

    // Gives the effect of the interventions.
    private static double Judge(CutModel cut, LoadedModel loaded, DrawnRun run, int seed)
    {
        var message = $"seed {seed} {run}";
        TestContext.Out.WriteLine(message);
        using var model = loaded.With(run.Config);
        var result = model.Run(run.Base, run.Sources is { } sources ? [.. sources] : null, run.Locations, run.Settings);
        CheckReadSources(model, run, result, message);
        var (output, collected) = new ReferenceInterpreter(cut, run, model.Interventions).Run();

        Assert.That(Distance(result.Intervened.Logits, output), Is.LessThan(Tolerance), message);
        Assert.That(
            result.Collected.Select(array => array.ToString()),
            Is.EqualTo(collected.Select(array => array.ToString())),
            message
        );
        foreach (var (actual, expected) in result.Collected.Zip(collected))
            Assert.That(Distance(actual, expected), Is.LessThan(Tolerance), message);
        return Distance(result.Original!.Logits, output);
    }

    private static double Distance(NumericArray actual, NumericArray expected) =>
        Difference.Largest(actual.Floats, expected.Floats)
        / Math.Max(1, Difference.Largest(expected.Floats, new float[expected.Length]));
}
