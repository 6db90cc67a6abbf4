using System.Collections.Immutable;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Reports;
using OnnxIntervene.Studies.Alignment;
using OnnxIntervene.Studies.Tuning;
using OnnxIntervene.Training;

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
