using OnnxIntervene.Tensors;
using OnnxIntervene.Training.Optimizers;

namespace OnnxIntervene.Training;

/// <summary>What an optimiser remembers between steps, and the steps themselves.</summary>
internal sealed class OptimizerState
{
    private readonly Optimizer _optimizer;
    private readonly TrainedInterventions _trained;
    private readonly List<float[][]> _moments;

    /// <summary>Begins with nothing to remember.</summary>
    public OptimizerState(Optimizer optimizer, TrainedInterventions trained)
    {
        (_optimizer, _trained) = (optimizer, trained);
        _moments =
        [
            .. trained.Parameters.Select(parameter =>
                Enumerable.Range(0, optimizer.MomentCount).Select(_ => new float[parameter.Array.Free.Length]).ToArray()
            ),
        ];
    }

    /// <summary>How many steps there were.</summary>
    public int StepCount { get; private set; }

    /// <summary>Moves every trained array.</summary>
    /// <param name="gradients">The gradient of each.</param>
    /// <param name="factor">The schedule's factor of the learning rate.</param>
    public void Move(IReadOnlyList<float[]> gradients, double factor)
    {
        StepCount++;
        for (var index = 0; index < gradients.Count; index++)
        {
            var parameter = _trained.Parameters[index];
            var free = parameter.Array.Free;
            var numbers = free.Floats.ToArray();
            _optimizer.Move(
                new OptimizerStep(
                    StepCount,
                    _optimizer.LearningRate * factor,
                    numbers,
                    gradients[index],
                    _moments[index],
                    parameter.Array.Decays
                )
            );
            _trained.Move(parameter, NumericArray.Of(numbers, free.Shape.AsSpan()));
        }
    }
}
