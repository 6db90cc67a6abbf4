using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training;

/// <summary>Names what in a batch gives numbers that are not finite.</summary>
internal static class NonFiniteRows
{
    /// <summary>The examples that do so by themselves; all of them where none does.</summary>
    /// <param name="examples">The numbers of the batch's examples.</param>
    /// <param name="nameOf">Names an example.</param>
    /// <param name="isFinite">Whether an example by itself gives finite numbers.</param>
    public static string Of(IReadOnlyList<int> examples, Func<int, string> nameOf, Func<int, bool> isFinite)
    {
        var bad = examples.Where(number => !isFinite(number)).Select(nameOf).ToList();
        return bad switch
        {
            [] => string.Join(", ", examples.Select(nameOf)),
            [var name] => name,
            _ => $"{bad[0]} and {bad.Count - 1} more of {examples.Count} examples",
        };
    }

    /// <summary>The step, and the rows of its batch, counted from 0; the step alone where all are finite.</summary>
    /// <param name="step">The step, counted from 1.</param>
    /// <param name="output">What the model gives; several entries of the first axis may belong to one row.</param>
    /// <param name="batch">How many rows the batch has.</param>
    public static string Of(int step, NumericArray output, int batch)
    {
        var bad = Enumerable
            .Range(0, output.Shape[0])
            .Where(entry => !output.Row(entry).IsFinite)
            .Select(entry => entry / Math.Max(output.Shape[0] / batch, 1))
            .Distinct()
            .ToList();
        return bad switch
        {
            [] => $"Step {step}",
            [var row] => $"Step {step}, row {row} of the batch",
            _ => $"Step {step}, row {bad[0]} and {bad.Count - 1} more of the batch's {batch}",
        };
    }
}
