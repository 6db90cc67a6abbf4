using OnnxIntervene.Baking.Weights;
using OnnxIntervene.Interventions.Kinds;

namespace OnnxIntervene.Baking;

/// <summary>Adds a low-rank adapter to the matrix of its module.</summary>
internal static class LowRank
{
    /// <summary>W + scaling · (B A)ᵀ in some columns of W, <c>[inputs, outputs]</c>.</summary>
    public static void Add(ModuleUpdate update, WeightMatrix matrix, ReadOnlySpan<int> columns)
    {
        var down = update.Down.Floats;
        var up = update.Up.Floats;
        double scaling = update.Scaling;
        var rank = update.Down.Shape[0];
        for (var row = 0; row < matrix.Rows; row++)
        {
            var weights = matrix.Row(row);
            for (var index = 0; index < columns.Length; index++)
            {
                var sum = 0.0;
                for (var inner = 0; inner < rank; inner++)
                    sum += (double)down[(inner * matrix.Rows) + row] * up[(index * rank) + inner];
                weights[columns[index]] = (float)(weights[columns[index]] + (scaling * sum));
            }
        }
    }
}
