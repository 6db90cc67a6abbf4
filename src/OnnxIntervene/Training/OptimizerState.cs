using OnnxIntervene.Tensors;
using OnnxIntervene.Training.Optimizers;
using OnnxIntervene.Training.Parametrizations;

namespace OnnxIntervene.Training;

/// <summary>What an optimiser remembers between steps, and the steps themselves.</summary>
internal sealed class OptimizerState
{
    private readonly Optimizer _optimizer;
    private readonly IReadOnlyList<TrainedArray> _arrays;
    private readonly List<float[][]> _moments;

    /// <summary>Begins with nothing to remember.</summary>
    /// <param name="optimizer">How numbers move.</param>
    /// <param name="arrays">The arrays that it moves.</param>
    public OptimizerState(Optimizer optimizer, IReadOnlyList<TrainedArray> arrays)
    {
        (_optimizer, _arrays) = (optimizer, arrays);
        _moments =
        [
            .. arrays.Select(array =>
                Enumerable.Range(0, optimizer.MomentCount).Select(_ => new float[array.Free.Length]).ToArray()
            ),
        ];
    }

    /// <summary>How many steps there were.</summary>
    public int StepCount { get; private set; }

    /// <summary>What is remembered of each trained array.</summary>
    public IReadOnlyList<float[][]> Moments => _moments;

    /// <summary>Goes on from an earlier process's steps.</summary>
    public void Restore(int steps, Func<int, int, float[]> moment)
    {
        StepCount = steps;
        for (var index = 0; index < _moments.Count; index++)
        {
            for (var number = 0; number < _moments[index].Length; number++)
                _moments[index][number] = moment(index, number);
        }
    }

    /// <summary>Moves every trained array.</summary>
    /// <param name="gradients">The gradient of each.</param>
    /// <param name="factor">The schedule's factor of the learning rate.</param>
    public void Move(IReadOnlyList<float[]> gradients, double factor)
    {
        StepCount++;
        for (var index = 0; index < gradients.Count; index++)
        {
            var array = _arrays[index];
            var free = array.Free;
            var numbers = free.Floats.ToArray();
            _optimizer.Move(
                new OptimizerStep(
                    StepCount,
                    _optimizer.LearningRate * factor,
                    numbers,
                    gradients[index],
                    _moments[index],
                    array.Decays
                )
            );
            array.Move(NumericArray.Of(numbers, free.Shape.AsSpan()));
        }
    }
}
