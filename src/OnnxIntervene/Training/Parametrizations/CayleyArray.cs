using System.Numerics.Tensors;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Numerics;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training.Parametrizations;

/// <summary>
/// A square rotation as base · (1 − A/2)⁻¹ (1 + A/2). The inverse is found by the iteration of Newton and Schulz
/// (Schulz 1933) from that of the step before.
/// </summary>
internal sealed class CayleyArray(OrthogonalParametrization start, ExecutionOptions options)
    : OrthogonalArray(start, options)
{
    // One more step, which the graph takes itself, squares what is left.
    private const float SmallEnough = 1e-4f;
    private const int MostSteps = 100;

    private ArraySession? _refinement;
    private NumericArray? _inverse;
    private NumericArray? _ofFree;

    // torch's file has no place for another map: there the matrix is a fresh one.
    /// <inheritdoc/>
    public override OrthogonalParametrization? Parametrization => null;

    /// <inheritdoc/>
    public override void Restore(Func<string, NumericArray> state)
    {
        base.Restore(state);
        (_inverse, _ofFree) = (state(OrthogonalMaps.Inverse), Free);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _refinement?.Dispose();
        base.Dispose();
    }

    private protected override Value Write(OpBuilder ops, Value original) => OrthogonalMaps.Cayley(ops, original, Rows);

    private protected override IEnumerable<KeyValuePair<string, NumericArray>> OwnFeeds()
    {
        if (!ReferenceEquals(_ofFree, Free))
            (_inverse, _ofFree) = (Inverse(), Free);
        yield return new(OrthogonalMaps.Inverse, _inverse!);
    }

    private NumericArray Inverse()
    {
        var (inverse, last) = (_inverse ?? Transposed(), float.PositiveInfinity);
        for (var step = 0; step < MostSteps; step++)
        {
            _refinement ??= Open(Refinement());
            var results = _refinement.Run([
                new(ParametrizationGraph.Original, Free),
                new(OrthogonalMaps.Inverse, inverse),
            ]);
            var error = results[1].Floats[0];
            if (error <= SmallEnough)
                return inverse;
            // Where the step was too large for the old inverse, any matrix has a start that converges.
            inverse = error >= last && last > 1 ? Transposed() : results[0];
            last = error;
        }

        throw new InterventionException(
            "A rotation has become too large for Cayley's map. Take a smaller learning rate."
        );
    }

    // Mᵀ over the product of its norms (Ben-Israel 1965). M is 1 − A/2 and Mᵀ is 1 + A/2.
    private NumericArray Transposed()
    {
        var start = new float[Rows * Rows];
        for (var row = 0; row < Rows; row++)
        {
            start[(row * Rows) + row] = 1;
            for (var column = 0; column < row; column++)
            {
                var half = Free.Floats[(row * Rows) + column] / 2;
                start[(row * Rows) + column] = half;
                start[(column * Rows) + row] = -half;
            }
        }

        var norm = Enumerable
            .Range(0, Rows)
            .Max(row => TensorPrimitives.SumOfMagnitudes<float>(start.AsSpan(row * Rows, Rows)));
        TensorPrimitives.Divide(start, norm * norm, start);
        return NumericArray.Of(start, Rows, Rows);
    }

    private Model Refinement()
    {
        var (model, ops) = ParametrizationGraph.New();
        var original = ParametrizationGraph.Input(ops, ParametrizationGraph.Original, Rows, Rows);
        var inverse = ParametrizationGraph.Input(ops, OrthogonalMaps.Inverse, Rows, Rows);
        var (refined, error) = OrthogonalMaps.Refined(ops, original, inverse);
        ParametrizationGraph.Finish(model, refined, error);
        return model;
    }
}
