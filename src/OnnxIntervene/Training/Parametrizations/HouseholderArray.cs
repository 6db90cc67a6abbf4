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
    private const string Diagonal = "diagonal";

    /// <inheritdoc/>
    public override bool Decays(int index) => index / Columns != index % Columns;

    private protected override Value Write(OpBuilder ops, Value original) =>
        OrthogonalMaps.Householder(ops, original, ParametrizationGraph.Input(ops, Diagonal, 1, Columns), Columns);

    private protected override IEnumerable<KeyValuePair<string, NumericArray>> OwnFeeds() =>
        [new(Diagonal, OrthogonalMaps.WholeDiagonal(Free))];
}
