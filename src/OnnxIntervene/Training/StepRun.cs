using OnnxIntervene.Execution;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training;

/// <summary>One batch forward and back: the loss, and its gradients by the free numbers.</summary>
internal sealed class StepRun(
    IntervenableModel model,
    TrainingSessions sessions,
    TrainedInterventions trained,
    TrainingOptions options
)
{
    /// <summary>Runs the sources, then the bases with the interventions, and back.</summary>
    /// <exception cref="InterventionException">The batch does not fit, or the loss is not finite.</exception>
    public (double Loss, double? Accuracy, List<NumericArray> Gradients) Run(
        TrainingBatch batch,
        CancellationToken cancellation
    )
    {
        var request = new RunRequest(
            model.Config,
            trained.Current,
            batch.Bases,
            batch.Sources.IsDefaultOrEmpty ? null : batch.Sources,
            batch.UnitLocations,
            batch.Settings
        );
        var plan = model.PlanOf(request);
        using var runner = new PlanRunner(model.Loaded, plan, cancellation);
        var session = sessions.Of(plan.Sites, batch.Loss);
        var run = session.Run(batch.Bases, runner.SiteFeeds(), batch.Loss, cancellation);
        var loss = run.Loss + (options.BoundaryWeight * Boundaries().Sum());
        if (!double.IsFinite(loss))
            throw new InterventionException(
                $"The loss is {loss}. Look at the batch, take a smaller learning rate, or limit the gradient's norm."
            );
        return (
            loss,
            Accuracy(run.Predictions, batch.Loss.Targets),
            [.. trained.Parameters.Select(parameter => Gradient(parameter, session, run, cancellation))]
        );
    }

    private IEnumerable<double> Boundaries() =>
        trained
            .Parameters.Where(parameter => parameter.Name == BoundlessRotatedSpaceIntervention.BoundariesName)
            .Select(parameter => (double)parameter.Array.Free.Floats[0]);

    // What several sites share has the sum of their gradients.
    private NumericArray Gradient(
        TrainedParameter parameter,
        TrainingSession session,
        TrainingRun run,
        CancellationToken cancellation
    )
    {
        var inputs = session
            .Sites.SelectMany((site, index) => site.Parameters.Select(port => (Index: index, Port: port)))
            .Where(entry => entry.Port.Name == parameter.Name && trained.Of(entry.Index).Contains(parameter))
            .Select(entry => entry.Port.Input)
            .Distinct();
        var sum = new float[parameter.Array.Value.Length];
        foreach (var input in inputs)
            System.Numerics.Tensors.TensorPrimitives.Add(sum, run.Gradients[input].Floats, sum);
        if (options.BoundaryWeight != 0 && parameter.Name == BoundlessRotatedSpaceIntervention.BoundariesName)
            sum[0] += (float)options.BoundaryWeight;
        return parameter.Array.Gradient(NumericArray.Of(sum, parameter.Array.Value.Shape.AsSpan()), cancellation);
    }

    private static double? Accuracy(NumericArray? predictions, NumericArray? labels)
    {
        if (predictions is null || labels is null)
            return null;
        var right = 0;
        for (var row = 0; row < predictions.Length; row++)
            right += predictions.Integers[row] == labels.Integers[row] ? 1 : 0;
        return (double)right / predictions.Length;
    }
}
