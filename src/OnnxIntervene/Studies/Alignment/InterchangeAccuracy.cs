using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
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
        (place, options) = (place ?? new InterchangePlace(), options ?? new InterchangeOptions());
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1, nameof(options));
        Check(model, data, place);
        using var random =
            options.RandomSeed is { } seed && RandomSubspace.Of(model, place.Subspaces, seed) is { } config
                ? model.Loaded.With(config)
                : null;
        var answers = new Dictionary<InterchangeExample, Answers>(ReferenceEqualityComparer.Instance);
        foreach (var batch in InterchangeBatch.Of(data.Examples, options.BatchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            var (changed, plain) = Run(model, batch, data, place, wantsPlain: true, cancellation);
            ImmutableArray<int>? drawn = random is null
                ? null
                : Run(random, batch, data, place, wantsPlain: false, cancellation).Changed;
            for (var row = 0; row < batch.Examples.Length; row++)
                answers[batch.Examples[row]] = new Answers(changed[row], plain!.Value[row], drawn?[row]);
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

    private static (ImmutableArray<int> Changed, ImmutableArray<int>? Plain) Run(
        IntervenableModel model,
        InterchangeBatch batch,
        InterchangeDataSet data,
        InterchangePlace place,
        bool wantsPlain,
        CancellationToken cancellation
    )
    {
        var output = model.Model.Graph.Outputs[0];
        var settings = new RunSettings
        {
            Subspaces = place.Subspaces,
            OutputOriginalOutput = wantsPlain,
            Outputs = [output.Name],
            LogitPositions = output.Type?.Shape?.Rank == 3 ? AnswerRows(batch, place) : null,
        };
        using var result = model.Run(
            batch.Bases,
            batch.Sources,
            place.LocationsOf(batch.Examples, model.Config.Representations.Length),
            settings,
            cancellation
        );
        return (
            Chosen(result.Intervened, batch, data.Answers, place),
            result.Original is { } plain ? Chosen(plain, batch, data.Answers, place) : null
        );
    }

    private static UnitLocation AnswerRows(InterchangeBatch batch, InterchangePlace place) =>
        place.AnswerPosition is { } position
            ? new UnitLocation([.. batch.Examples.Select(example => ImmutableArray.Create(position.In(example.Base)))])
            : UnitLocation.At(-1);

    private static ImmutableArray<int> Chosen(
        ModelOutput output,
        InterchangeBatch batch,
        ImmutableArray<int> answers,
        InterchangePlace place
    )
    {
        var logits = output.Logits;
        return [.. batch.Examples.Select((example, row) => Best(RowOf(example, row), answers))];

        ReadOnlySpan<float> RowOf(InterchangeExample example, int row) =>
            logits.Shape switch
            {
                [_, var width] => logits.Floats.Slice(row * width, width),
                [_, 1, _] => logits.RowAt(row, 0).Span,
                _ => logits.RowAt(row, place.AnswerPosition?.In(example.Base) ?? output.LastPosition(row)).Span,
            };
    }

    private static int Best(ReadOnlySpan<float> logits, ImmutableArray<int> answers)
    {
        if (answers.IsEmpty)
            return System.Numerics.Tensors.TensorPrimitives.IndexOfMax(logits);
        var best = answers[0];
        foreach (var answer in answers)
            best = logits[answer] > logits[best] ? answer : best;
        return best;
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
