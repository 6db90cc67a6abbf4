using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Numerics;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training.Parametrizations;

/// <summary>A tall matrix as base · the first columns of a product of reflections.</summary>
internal sealed class HouseholderArray(OrthogonalParametrization start, ExecutionOptions options)
    : OrthogonalArray(start, options)
{
    /// <inheritdoc/>
    public override bool Decays(int index) => index / Columns != index % Columns;

    private protected override Value Write(OpBuilder ops, Value original) =>
        OrthogonalMaps.Householder(ops, original, Columns);

    private protected override IEnumerable<KeyValuePair<string, NumericArray>> OwnFeeds()
    {
        var whole = new float[Columns];
        for (var index = 0; index < Columns; index++)
            whole[index] = MathF.Truncate(Free.Floats[(index * Columns) + index]);
        yield return new(OrthogonalMaps.Diagonal, NumericArray.Of(whole, 1, Columns));
    }
}
