using OnnxIntervene.Baking.Weights;
using OnnxIntervene.Interventions.Kinds;

namespace OnnxIntervene.Baking;

/// <summary>Takes an affine map of a unit into the weights before it, or after it. Sums are of 64 bits.</summary>
internal static class AffineFold
{
    /// <summary>The linear part applied to the elements of a row at some columns.</summary>
    public static void Apply(AffineForm form, Span<float> row, ReadOnlySpan<int> columns)
    {
        var inner = new double[form.Rank];
        for (var index = 0; index < columns.Length; index++)
        {
            for (var rank = 0; rank < inner.Length; rank++)
                inner[rank] += row[columns[index]] * form.Down[index, rank];
        }

        for (var index = 0; index < columns.Length; index++)
        {
            var sum = (double)row[columns[index]] * form.Scale[index];
            for (var rank = 0; rank < inner.Length; rank++)
                sum += inner[rank] * form.Up[rank, index];
            row[columns[index]] = (float)sum;
        }
    }

    /// <summary>
    /// Makes a matrix that reads a unit in some rows read what the map makes of it; returns what is left to add to its
    /// output.
    /// </summary>
    public static float[] Before(AffineForm form, WeightMatrix matrix, ReadOnlySpan<int> rows)
    {
        var shift = new double[matrix.Columns];
        var inner = new double[form.Rank, matrix.Columns];
        for (var index = 0; index < rows.Length; index++)
        {
            var row = matrix.Row(rows[index]);
            for (var column = 0; column < row.Length; column++)
            {
                shift[column] += (double)form.Shift[index] * row[column];
                for (var rank = 0; rank < form.Rank; rank++)
                    inner[rank, column] += form.Up[rank, index] * row[column];
            }
        }

        for (var index = 0; index < rows.Length; index++)
        {
            var row = matrix.Row(rows[index]);
            for (var column = 0; column < row.Length; column++)
            {
                var sum = (double)form.Scale[index] * row[column];
                for (var rank = 0; rank < form.Rank; rank++)
                    sum += form.Down[index, rank] * inner[rank, column];
                row[column] = (float)sum;
            }
        }

        return Array.ConvertAll(shift, number => (float)number);
    }
}
