using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>
/// Interchange intervention accuracy (Geiger et al. 2021): how often a network with interventions answers what a causal
/// model answers with the same interchanges. Beside it stand the accuracy of doing nothing, and that of random
/// subspaces: a method that finds an alignment everywhere is wrong.
/// </summary>
public static class InterchangeAccuracy
{
    /// <summary>Measures the accuracy of a model's interventions.</summary>
    /// <param name="model">The model with its interventions.</param>
    /// <param name="data">The examples; each has one source for all interventions, or one each.</param>
    /// <param name="place">Where the interventions read and write.</param>
    /// <param name="options">How it is measured.</param>
    /// <param name="progress">Told how many examples are done.</param>
    /// <param name="cancellation">Ends the measuring early.</param>
    /// <exception cref="InterventionException">
    /// An example does not fit the model or the place; the message names it, and nothing has run.
    /// </exception>
    /// <exception cref="OnnxIntervene.Runtime.ExecutionException">ONNX Runtime stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The measuring was cancelled.</exception>
    public static InterchangeResult Measure(
        IntervenableModel model,
        InterchangeDataSet data,
        InterchangePlace? place = null,
        InterchangeOptions? options = null,
        IProgress<SweepProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(data);
        return Measure(model, data, place ?? new InterchangePlace(), options ?? new(), null, progress, cancellation);
    }

    /// <summary>Measures the accuracy where it may be known already what the model answers by itself.</summary>
    internal static InterchangeResult Measure(
        IntervenableModel model,
        InterchangeDataSet data,
        InterchangePlace place,
        InterchangeOptions options,
        ImmutableArray<int>? plain,
        IProgress<SweepProgress>? progress,
        CancellationToken cancellation
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1, nameof(options));
        Check(model, data, place);
        using var random =
            options.RandomSeed is { } seed && RandomSubspace.Of(model, place.Subspaces, seed) is { } config
                ? model.Loaded.With(config)
                : null;
        var answers = new Dictionary<InterchangeExample, Answers>(ReferenceEqualityComparer.Instance);
        var known = plain is { } numbers ? data.ByExample(numbers) : null;
        foreach (var batch in InterchangeBatch.Of(data.Examples, options.BatchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            var run = new InterchangeRun(batch, data.Answers, place, cancellation);
            var (changed, own) = run.Of(model, wantsPlain: known is null);
            var drawn = random is null ? default : run.Of(random, wantsPlain: false).Changed;
            for (var row = 0; row < batch.Examples.Length; row++)
            {
                var example = batch.Examples[row];
                answers[example] = new Answers(
                    changed[row],
                    known?[example] ?? own[row],
                    random is null ? null : drawn[row]
                );
            }

            progress?.Report(new SweepProgress(answers.Count, data.Examples.Length));
        }

        return ResultOf(data, answers);
    }

    /// <summary>Throws unless a data set fits a model with interventions and a place.</summary>
    internal static void Check(IntervenableModel model, InterchangeDataSet data, InterchangePlace place)
    {
        data.Check(model.Loaded);
        var interventions = model.Config.Representations.Length;
        if (data.Examples[0].Sources.Length is var sources and not 1 && sources != interventions)
            throw new InterventionException(
                $"Each example has {sources} sources, and there are {interventions} interventions; give one source for "
                    + "all or one each."
            );
        place.Check(data, interventions);
    }

    private static InterchangeResult ResultOf(
        InterchangeDataSet data,
        Dictionary<InterchangeExample, Answers> answers
    ) =>
        new()
        {
            All = ScoresOf(data.Examples, answers),
            Changed = data.UnchangedShare is null
                ? null
                : ScoresOf([.. data.Examples.Where(example => example.IsAnswerChanged == true)], answers),
            Predictions = [.. data.Examples.Select(example => answers[example].Changed)],
            OwnAnswers = [.. data.Examples.Select(example => answers[example].Plain)],
        };

    private static InterchangeScores ScoresOf(
        ImmutableArray<InterchangeExample> examples,
        Dictionary<InterchangeExample, Answers> answers
    )
    {
        var isDrawn = answers.Values.First().Drawn is not null;
        return new InterchangeScores(
            Count(answer => answer.Changed),
            Count(answer => answer.Plain),
            isDrawn ? Count(answer => answer.Drawn!.Value) : null
        );

        AccuracyEstimate Count(Func<Answers, int> chosen) =>
            new(examples.Count(example => chosen(answers[example]) == example.Label), examples.Length);
    }

    /// <summary>What the model answered to an example.</summary>
    private readonly record struct Answers(int Changed, int Plain, int? Drawn);
}
