using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// Directional ablation (Arditi et al. 2024): x without its components along the directions, x − (xVᵀ)V.
/// </summary>
public sealed record ProjectOutIntervention : Intervention
{
    private const string DirectionsName = "directions";
    private const double SmallestNorm = 1e-6;

    internal static InterventionType Kind { get; } =
        new("ProjectOut", Projected)
        {
            Source = KindSource.None,
            Affine = Folded,
            IsPyvenes = false,
            Parameters = [new(DirectionsName, sizes => [sizes.Latents, sizes.Width])],
            Create = arrays => new ProjectOutIntervention(arrays[DirectionsName]),
        };

    /// <summary>Creates the intervention.</summary>
    /// <param name="directions">
    /// <c>[directions, width]</c>, or <c>[width]</c> for one; they are made orthonormal.
    /// </param>
    /// <exception cref="InterventionException">A direction is zero, or the directions depend on each other.</exception>
    public ProjectOutIntervention(NumericArray directions)
        : this(
            Orthonormal(directions?.Shape.Length == 1 ? directions.Reshape(1, directions.Length) : directions!),
            false
        ) { }

    private ProjectOutIntervention(NumericArray directions, bool _)
        : base(Kind, new(directions.Shape[1], directions.Shape[0]), (DirectionsName, directions)) { }

    // x − (xVᵀ)V along the chosen directions.
    private static Value Projected(KindRows rows)
    {
        var directions = rows.Parameter(DirectionsName);
        var parts = rows.Chosen(rows.MatMulTransposed(rows.Base, directions));
        return rows.Ops.Sub(rows.Base, rows.MatMul(parts, directions));
    }

    // D = −Vᵀ, U = V, along the chosen directions.
    private static AffineForm Folded(AffineInputs inputs)
    {
        var directions = inputs.Parameters[DirectionsName];
        var (count, width) = (directions.Shape[0], directions.Shape[1]);
        var (down, up) = (new double[width, count], new double[count, width]);
        foreach (var row in Enumerable.Range(0, count).Where(inputs.IsChosen))
        {
            for (var index = 0; index < width; index++)
            {
                up[row, index] = directions.Floats[(row * width) + index];
                down[index, row] = -up[row, index];
            }
        }

        return new AffineForm([.. Enumerable.Repeat(1f, width)], new float[width]) { Down = down, Up = up };
    }

    // Gram-Schmidt, twice for accuracy.
    private static NumericArray Orthonormal(NumericArray directions)
    {
        var (rows, columns) = SizesOf(directions, DirectionsName);
        var basis = directions.Floats.ToArray().Select(number => (double)number).ToArray();
        for (var row = 0; row < rows; row++)
        {
            var own = basis.AsSpan(row * columns, columns);
            var length = Norm(own);
            for (var earlier = 0; earlier < 2 * row; earlier++)
                Subtract(own, basis.AsSpan(earlier % row * columns, columns));
            if (Norm(own) <= SmallestNorm * length)
                throw new InterventionException(
                    $"Direction {row} is zero, or a combination of the directions before it; leave it out."
                );
            var scale = 1 / Norm(own);
            foreach (ref var number in own)
                number *= scale;
        }

        return NumericArray.Of(Array.ConvertAll(basis, number => (float)number), rows, columns);
    }

    private static double Norm(ReadOnlySpan<double> row) => Math.Sqrt(Product(row, row));

    private static void Subtract(Span<double> row, ReadOnlySpan<double> unit)
    {
        var part = Product(row, unit);
        for (var index = 0; index < row.Length; index++)
            row[index] -= part * unit[index];
    }

    private static double Product(ReadOnlySpan<double> left, ReadOnlySpan<double> right)
    {
        var sum = 0.0;
        for (var index = 0; index < left.Length; index++)
            sum += left[index] * right[index];
        return sum;
    }
}

public sealed partial class InterventionType
{
    /// <summary>x without its components along some directions.</summary>
    public static InterventionType ProjectOut => ProjectOutIntervention.Kind;
}
