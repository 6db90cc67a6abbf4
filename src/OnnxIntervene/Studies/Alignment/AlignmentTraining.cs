using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Training;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>Trains the rotation of one cell, and measures it.</summary>
internal sealed class AlignmentTraining(AlignmentStudy study)
{
    // What is computed once for each example of a cell; the rest goes to a file.
    private const long CacheMemory = 1L << 30;

    // What the model answers by itself is the same in every cell.
    private ImmutableArray<int>? _ownAnswers;

    /// <summary>Trains and measures a cell.</summary>
    /// <param name="cell">Its number.</param>
    /// <param name="stepped">Called after each step.</param>
    /// <param name="keep">Receives the trained model before it is closed.</param>
    /// <param name="cancellation">Ends the training early.</param>
    /// <exception cref="InterventionException">The loss is not finite, or an operator has no gradient.</exception>
    public AlignmentCell Run(
        int cell,
        Action stepped,
        Action<AlignmentCell, IntervenableModel> keep,
        CancellationToken cancellation
    )
    {
        try
        {
            using var model = study.Model.With(study.ConfigOf(cell));
            using var trainer = new Trainer(model, OptionsOf(model));
            var state = new FitState();
            var stopping = Stopping(trainer, state, study.PlaceOf(cell), cancellation);
            var losses = Train(trainer, study.PlaceOf(cell), stopping, stepped, cancellation);
            stopping.Restore();
            using var trained = trainer.ToModel();
            var found = Measured(cell, trained, losses, cancellation) with { HeldOut = [.. state.HeldOut] };
            keep(found, trained);
            return found;
        }
        catch (InterventionException fault)
        {
            throw new InterventionException($"{study.NameOf(cell)}: {fault.Message}", fault);
        }
    }

    /// <summary>How the training of a cell is computed.</summary>
    public TrainingExplanation Explain(int cell, CancellationToken cancellation)
    {
        using var model = study.Model.With(study.ConfigOf(cell));
        using var trainer = new Trainer(model, OptionsOf(model));
        var example = new InterchangeBatch([study.Request.Training.Examples[0]]);
        return trainer.Explain(BatchOf(example, study.PlaceOf(cell)), cancellation);
    }

    private EarlyStopping Stopping(
        Trainer trainer,
        FitState state,
        InterchangePlace place,
        CancellationToken cancellation
    )
    {
        var request = study.Request;
        var aside = request.HeldOut is { } data
            ? new HeldOutInterchanges(data, request.BatchSize, place, cancellation)
            : null;
        return new EarlyStopping(trainer.Arrays, state, aside is null ? null : Measure)
        {
            Steps = request.Steps,
            Every = request.MeasuresEvery,
            Patience = request.Patience,
        };

        double Measure()
        {
            using var model = trainer.ToModel();
            return aside.AccuracyOf(model);
        }
    }

    // A soft mask that does not cool decides nothing.
    private TrainingOptions OptionsOf(IntervenableModel model)
    {
        var options = study.Request.Options with { Steps = study.Request.Steps };
        return model.Interventions.Any(own => own.Parameters.ContainsKey(SoftMask.TemperatureName))
            ? options with
            {
                Temperature = options.Temperature ?? new TemperatureSchedule(),
            }
            : options;
    }

    private List<double> Train(
        Trainer trainer,
        InterchangePlace place,
        EarlyStopping stopping,
        Action stepped,
        CancellationToken cancellation
    )
    {
        var request = study.Request;
        var losses = new List<double>();
        var examples = request.Training.Examples;
        using var frozen = new FrozenExamples(
            numbers => BatchOf(new InterchangeBatch([.. numbers.Select(number => examples[number])]), place),
            examples.Length,
            CacheMemory
        )
        {
            NameOf = request.Training.NameOf,
        };
        var batches = TrainingOrder.Of(request.Training, request.BatchSize, request.Seed);
        foreach (var batch in batches.Take(request.Steps * request.Options.GradientAccumulation))
        {
            var numbers = batch.Examples.Select(example => Numbers[example]).ToList();
            losses.Add(Step(trainer, frozen, numbers, cancellation));
            if (losses.Count % request.Options.GradientAccumulation != 0)
                continue;
            stepped();
            if (stopping.Ends(trainer.StepCount))
                break;
        }

        return losses;
    }

    private static double Step(
        Trainer trainer,
        FrozenExamples examples,
        List<int> numbers,
        CancellationToken cancellation
    )
    {
        try
        {
            return trainer.Learn(trainer.NewRun().Run(examples, numbers, withGradients: true, cancellation)).Loss;
        }
        catch (InterventionException fault)
        {
            throw new InterventionException($"Step {trainer.StepCount + 1}: {fault.Message}", fault);
        }
    }

    private Dictionary<InterchangeExample, int> Numbers =>
        field ??= study.Request.Training.ByExample(Enumerable.Range(0, study.Request.Training.Examples.Length));

    private TrainingBatch BatchOf(InterchangeBatch batch, InterchangePlace place) =>
        batch.ToTraining(place, study.Variables);

    private AlignmentCell Measured(
        int cell,
        IntervenableModel trained,
        List<double> losses,
        CancellationToken cancellation
    )
    {
        var request = study.Request;
        var result = InterchangeAccuracy.Measure(
            trained,
            request.Test,
            study.PlaceOf(cell),
            new InterchangeOptions { BatchSize = request.BatchSize, RandomSeed = request.Seed },
            _ownAnswers,
            progress: null,
            cancellation
        );
        _ownAnswers = result.OwnAnswers;
        return new AlignmentCell
        {
            Row = study.RowOf(cell),
            Column = study.ColumnOf(cell),
            All = result.All,
            Changed = result.Changed,
            Loss = losses.TakeLast(Math.Max(1, losses.Count / 10)).Average(),
            Losses = [.. losses],
        };
    }
}
