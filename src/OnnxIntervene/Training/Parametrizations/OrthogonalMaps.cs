using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training.Parametrizations;

/// <summary>How Q, a matrix with orthonormal columns, is computed from free numbers X, as nodes.</summary>
internal static class OrthogonalMaps
{
    /// <summary>The largest norm at which <see cref="Exponential"/> needs no squaring.</summary>
    public const double LargestNorm = 0.5;

    /// <summary>The input of <see cref="Cayley"/> for (1 − A/2)⁻¹.</summary>
    public const string Inverse = "inverse";

    // 0.5⁹ / 9! is 5e-9, below the rounding of floats.
    private const int Degree = 8;
    private const int Block = 3;

    /// <summary>
    /// exp(A), A = tril(X) − tril(X)ᵀ: a Taylor series of A / 2ˢ by Paterson and Stockmeyer 1973, squared s times.
    /// </summary>
    public static Value Exponential(OpBuilder ops, Value original, int squarings)
    {
        var scaled = ops.Mul(Skew(ops, original), ParametrizationGraph.Number(ops, Math.ScaleB(1, -squarings)));
        var square = ParametrizationGraph.Product(ops, scaled, scaled);
        var cube = ParametrizationGraph.Product(ops, square, scaled);
        Value[] powers = [Identity(ops, scaled), scaled, square];
        Value? sum = null;
        for (var start = Degree / Block * Block; start >= 0; start -= Block)
        {
            if (sum is not null)
                sum = ParametrizationGraph.Product(ops, cube, sum);
            for (var power = 0; power < Block && start + power <= Degree; power++)
            {
                var term = ops.Mul(powers[power], ParametrizationGraph.Number(ops, Coefficient(start + power)));
                sum = sum is null ? term : ops.Add(sum, term);
            }
        }

        for (var count = 0; count < squarings; count++)
            sum = ParametrizationGraph.Product(ops, sum!, sum!);
        return sum!;
    }

    /// <summary>
    /// The first columns of the product of the reflections along X's columns below the diagonal, times the whole part
    /// of X's diagonal: 1 − V T Vᵀ (Schreiber and Van Loan 1989), where T⁻¹ is the upper triangle of VᵀV with half of
    /// its diagonal.
    /// </summary>
    /// <param name="ops">Writes the nodes.</param>
    /// <param name="original">X.</param>
    /// <param name="diagonal">The whole part of X's diagonal, <c>[1, latents]</c>.</param>
    /// <param name="latents">How many columns X has.</param>
    public static Value Householder(OpBuilder ops, Value original, Value diagonal, int latents)
    {
        var ones = ops.Emit("EyeLike", [original]);
        var vectors = ops.Add(ops.Emit("Trilu", [original, ops.Scalar(-1)], [NodeAttribute.Of("upper", 0L)]), ones);
        var gram = ParametrizationGraph.Product(ops, ops.Transpose(vectors, 1, 0), vectors);
        var inverse = TriangularInverse(ops, gram, latents);
        var top = ops.Transpose(ops.Slice(vectors, 0, 0, latents), 1, 0);
        var reflected = ParametrizationGraph.Product(ops, vectors, ParametrizationGraph.Product(ops, inverse, top));
        return ops.Mul(ops.Sub(ones, reflected), diagonal);
    }

    /// <summary>
    /// (1 − A/2)⁻¹ (1 + A/2), A = tril(X) − tril(X)ᵀ: the inverse is fed, and takes one more step of Newton and
    /// Schulz, through which its gradient is that of the inverse itself.
    /// </summary>
    public static Value Cayley(OpBuilder ops, Value original, int width)
    {
        var inverse = Refined(ops, original, ParametrizationGraph.Input(ops, Inverse, width, width)).Inverse;
        return ops.Sub(ops.Add(inverse, inverse), Identity(ops, inverse));
    }

    /// <summary>
    /// A better approximation Y (2 − M Y) of the inverse of M = 1 − A/2 than Y is, and how far M Y is from 1: the
    /// largest element.
    /// </summary>
    public static (Value Inverse, Value Error) Refined(OpBuilder ops, Value original, Value inverse)
    {
        var matrix = Half(ops, original);
        var product = ParametrizationGraph.Product(ops, matrix, inverse);
        var one = Identity(ops, product);
        var error = ops.Emit(
            "ReduceMax",
            [ops.Emit("Abs", [ops.Sub(one, product)])],
            [NodeAttribute.Of("keepdims", 0L)]
        );
        return (ParametrizationGraph.Product(ops, inverse, ops.Sub(ops.Add(one, one), product)), error);
    }

    // 1 − A/2.
    private static Value Half(OpBuilder ops, Value original)
    {
        var half = ops.Mul(Skew(ops, original), ParametrizationGraph.Number(ops, 0.5));
        return ops.Sub(Identity(ops, half), half);
    }

    private static Value Skew(OpBuilder ops, Value original)
    {
        var lower = ops.Emit("Trilu", [original], [NodeAttribute.Of("upper", 0L)]);
        return ops.Sub(lower, ops.Transpose(lower, 1, 0));
    }

    // The inverse of the upper triangle with half of the diagonal. Blocks on the diagonal are inverted, then pairs of
    // them: where P and R are known, [[P, B], [0, R]] has the inverse [[P⁻¹, −P⁻¹ B R⁻¹], [0, R⁻¹]].
    private static Value TriangularInverse(OpBuilder ops, Value gram, int size)
    {
        var one = Identity(ops, gram);
        var diagonal = ops.Emit("ReduceSum", [ops.Mul(gram, one), ops.Constant(1)], [NodeAttribute.Of("keepdims", 1L)]);
        var inverse = ops.Emit("Div", [ops.Add(one, one), diagonal]);
        for (var block = 1; block < size; block *= 2)
        {
            var between = ops.Mul(gram, Pairs(ops, size, block));
            var change = ParametrizationGraph.Product(
                ops,
                inverse,
                ParametrizationGraph.Product(ops, between, inverse)
            );
            inverse = ops.Sub(inverse, change);
        }

        return inverse;
    }

    /// <summary>
    /// The whole part of X's diagonal, <c>[1, latents]</c>, as torch cuts it: it decides about reflections, and has no
    /// gradient.
    /// </summary>
    public static NumericArray WholeDiagonal(NumericArray original)
    {
        var columns = original.Shape[1];
        var whole = new float[columns];
        for (var index = 0; index < columns; index++)
            whole[index] = MathF.Truncate(original.Floats[(index * columns) + index]);
        return NumericArray.Of(whole, 1, columns);
    }

    // Ones in the upper right block of each pair of blocks.
    private static Value Pairs(OpBuilder ops, int size, int block)
    {
        var ones = new float[size * size];
        for (var row = 0; row < size; row++)
        {
            if (row / block % 2 != 0)
                continue;
            var start = ((row / block) + 1) * block;
            for (var column = start; column < Math.Min(start + block, size); column++)
                ones[(row * size) + column] = 1;
        }

        return ops.Graph.AddInitializer(ops.Names.Unique("pairs"), TensorData.FromFloats([size, size], ones));
    }

    private static Value Identity(OpBuilder ops, Value square) => ops.Emit("EyeLike", [square]);

    private static double Coefficient(int degree) =>
        1 / Enumerable.Range(1, degree).Aggregate(1.0, (product, factor) => product * factor);
}
