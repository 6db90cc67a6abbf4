using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Comparing;

/// <summary>The runs of one example that everything else is computed from.</summary>
/// <param name="Inputs">The example, a batch of one.</param>
/// <param name="Kept">The positions that count; null for all.</param>
/// <param name="A">A's run.</param>
/// <param name="B">B's run.</param>
/// <param name="Forced">
/// B's run with A's values at every component: what each computes from A's values, before it is written.
/// </param>
internal sealed record ExampleRuns(
    ModelInputs Inputs,
    bool[]? Kept,
    ExampleValues A,
    ExampleValues B,
    ExampleValues Forced
)
{
    /// <summary>The component's local error on this example alone.</summary>
    public double LocalError(int component)
    {
        var sums = new ErrorSums();
        KeptRows.Add(sums, A.Components[component], Forced.Components[component], Kept);
        return sums.RelativeError;
    }

    /// <summary>B's values without the component's own difference: b + (a − b′).</summary>
    public NumericArray Repaired(int component)
    {
        var (a, b, forced) = (A.Components[component], B.Components[component], Forced.Components[component]);
        var repaired = new float[b.Length];
        for (var index = 0; index < repaired.Length; index++)
            repaired[index] = b.Floats[index] + (a.Floats[index] - forced.Floats[index]);
        return NumericArray.Of(repaired, b.Shape.AsSpan());
    }
}
