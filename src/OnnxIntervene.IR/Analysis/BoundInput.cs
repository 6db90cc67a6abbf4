using OnnxIntervene.IR.Analysis.Inference;

namespace OnnxIntervene.IR.Analysis;

/// <summary>An input's shape and contents in one run.</summary>
/// <param name="Shape">Its sizes, outermost first.</param>
/// <param name="Contents">
/// Its elements where they are whole numbers (booleans are 0 and 1) that shapes may depend on; null where they are
/// unknown.
/// </param>
internal sealed record BoundInput(IReadOnlyList<long> Shape, IReadOnlyList<long>? Contents = null)
{
    internal TensorFacts ToFacts() =>
        new(
            [.. Shape.Select(Quantity.Of)],
            Contents is { Count: <= TensorFacts.LongestContents } ? [.. Contents.Select(Quantity.Of)] : null
        );
}
