namespace OnnxIntervene.Sweeps;

/// <summary>One number for each layer and column of a sweep.</summary>
/// <param name="Rows">How many layers.</param>
/// <param name="Columns">How many positions or heads.</param>
/// <param name="Values">The numbers, layer by layer.</param>
public sealed record SweepGrid(int Rows, int Columns, ReadOnlyMemory<float> Values)
{
    /// <summary>The number at a layer's row and a column.</summary>
    public float this[int row, int column] => Values.Span[(row * Columns) + column];

    /// <summary>The grid of a function of each number.</summary>
    public SweepGrid Map(Func<float, float> change) =>
        this with
        {
            Values = Array.ConvertAll(Values.ToArray(), value => change(value)),
        };
}
