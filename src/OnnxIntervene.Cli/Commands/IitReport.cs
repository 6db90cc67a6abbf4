using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Reports;
using OnnxIntervene.Studies.Alignment;
using OnnxIntervene.Studies.Tuning;
using OnnxIntervene.Training;
using OnnxIntervene.Training.Weights;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Makes a report of a training of weights: accuracies before and after, and its curves.</summary>
internal static class IitReport
{
    private const int MostWeights = 8;

    /// <param name="request">What was trained.</param>
    /// <param name="result">What was reached.</param>
    /// <param name="model">The model that was trained.</param>
    /// <param name="log">How the training went.</param>
    /// <param name="folder">Where the trained model is.</param>
    public static Report Create(
        InterchangeTrainingRequest request,
        InterchangeTrainingResult result,
        LoadedModel model,
        TrainingLog log,
        string folder
    ) =>
        new()
        {
            Title = "Interchange intervention training",
            Summary =
                "The model's own weights were trained so that interchanges at the interventions' places change its "
                + "answers as they change those of a causal model. Accuracies are over examples that it did not learn "
                + "from; those after are of the file that was written.",
            Warnings = WarningsOf(result),
            Facts = Facts(request, result, model, folder),
            Figures = CurveCommand.Figures(log),
            Json = JsonText.Of(Data(request, result, folder)),
        };

    private static ImmutableArray<ReportFact> Facts(
        InterchangeTrainingRequest request,
        InterchangeTrainingResult result,
        LoadedModel model,
        string folder
    ) =>
        [
            new("model", StudyFacts.ModelName(model)),
            new("interventions", string.Join("; ", request.Config.Representations.Select(item => $"{item}"))),
            new(
                "examples",
                $"{request.Training.Examples.Length} to train on, {request.Test.Examples.Length} to measure"
            ),
            new("weights", Names(result.Weights)),
            new("training", $"{request.Steps} steps of {request.BatchSize} examples, seed {request.Seed}"),
            .. Ending(request, result),
            new("interchange accuracy before", $"{result.Before.All.Interchange} (95 %)"),
            new("interchange accuracy after", $"{result.After.All.Interchange} (95 %)"),
            .. result.Before.Changed is { } before && result.After.Changed is { } after
                ? new[]
                {
                    new ReportFact(
                        "where the answer changes",
                        $"{before.Interchange} before, {after.Interchange} after"
                    ),
                }
                : [],
            .. result.TaskBefore is { } task
                ? new[] { new ReportFact("the task itself", $"{task} before, {result.TaskAfter} after") }
                : [],
            new("trained model", folder),
        ];

    /// <summary>What a step of a training takes.</summary>
    public static ImmutableArray<ReportFact> Facts(WeightExplanation explanation) =>
        [
            new("weights", Names(explanation.Weights)),
            new("numbers", explanation.Numbers.ToString("N0", CultureInfo.InvariantCulture)),
            new("memory", $"{Mebibytes(explanation)} MiB for these, their gradients and what the optimiser keeps"),
            new("kept between steps", "nothing: weights change what every run gives"),
            new("cut", Cut(explanation)),
            new(
                "computed twice",
                "a source's run, first to be read and then to be gone back"
                    + (
                        explanation.FrozenNodes > 0
                            ? $"; {explanation.FrozenNodes} nodes of it that no trained weight changes once"
                            : ""
                    )
            ),
            new("nodes a step", $"{explanation.StepNodes + explanation.FrozenNodes}"),
            new(
                "share of a naive step",
                $"{Share(explanation.StepProducts)} of the multiplications with weights of a step that runs everything "
                    + "whole and goes back to every weight"
            ),
        ];

    private static string Cut(WeightExplanation explanation) =>
        "sources end where the last of them is read"
        + (explanation.ReadsAnswersOnly ? "; logits are computed where answers are read" : "")
        + "; the way back ends at the lowest trained weight";

    private static IEnumerable<ReportFact> Ending(InterchangeTrainingRequest request, InterchangeTrainingResult result)
    {
        if (result.HeldOut.IsEmpty)
            yield break;
        var best = request.StepsOfMeasures(result.HeldOut.Length)[result.BestMeasure];
        var accuracy = Share(result.HeldOut[result.BestMeasure]);
        yield return new(
            "early stopping",
            $"after {result.Losses.Length} steps; the weights of step {best} are kept, with {accuracy} on "
                + $"{request.HeldOut!.Examples.Length} examples kept aside"
        );
    }

    private static string Share(double share) => share.ToString("P1", CultureInfo.InvariantCulture);

    private static string Mebibytes(WeightExplanation explanation) =>
        (explanation.Bytes / (1024.0 * 1024)).ToString("F1", CultureInfo.InvariantCulture);

    private static string Names(ImmutableArray<string> weights) =>
        $"{weights.Length}: {string.Join(", ", weights.Take(MostWeights))}"
        + (weights.Length > MostWeights ? ", …" : "");

    private static ImmutableArray<string> WarningsOf(InterchangeTrainingResult result) =>
        result.After.All.Interchange.Low > result.Before.All.Interchange.High
            ? []
            : ["The interchange accuracy is not surely better than before. Take more steps, or another rate."];

    private static object Data(InterchangeTrainingRequest request, InterchangeTrainingResult result, string folder) =>
        new
        {
            Study = "iit",
            Model = folder,
            request.Steps,
            Batch = request.BatchSize,
            request.Seed,
            TrainingExamples = request.Training.Examples.Length,
            TestExamples = request.Test.Examples.Length,
            result.Weights,
            Before = Data(result.Before, result.TaskBefore),
            After = Data(result.After, result.TaskAfter),
            result.Losses,
            result.HeldOut,
            BestMeasure = result.HeldOut.IsEmpty ? (int?)null : result.BestMeasure,
        };

    private static object Data(InterchangeResult result, AccuracyEstimate? task) =>
        new
        {
            Interchange = Data(result.All.Interchange),
            DoingNothing = Data(result.All.DoingNothing),
            RandomSubspace = result.All.RandomSubspace is { } random ? Data(random) : null,
            WhereAnswerChanges = result.Changed is { } changed ? Data(changed.Interchange) : null,
            Task = task is { } known ? Data(known) : null,
        };

    private static object Data(AccuracyEstimate accuracy) =>
        new
        {
            Accuracy = accuracy.Count == 0 ? (double?)null : accuracy.Value,
            accuracy.Correct,
            accuracy.Count,
        };
}
