using System.Collections.Immutable;
using OnnxIntervene.IR;
using static OnnxIntervene.Gradients.Rules.GradientRule;

namespace OnnxIntervene.Gradients.Rules;

/// <summary>Products of matrices, and of tensors by Einsum.</summary>
internal static class ProductGradients
{
    /// <summary>The rules, one an operator.</summary>
    public static IEnumerable<GradientRule> All => [Of("MatMul", MatMul), Of("Gemm", Gemm), Of("Einsum", Einsum)];

    // Y = A B: dA = dY Bᵀ and dB = Aᵀ dY, summed over the axes before the last two on which an input was repeated.
    private static ImmutableArray<Value?> MatMul(GradientStep step)
    {
        var (left, right) = (step.X, step.Node.Inputs[1]!);
        if (step.Types.RankOf(left) is not { } leftRank || step.Types.RankOf(right) is not { } rightRank)
            return OfUnknownRank(step, left, right);
        // A vector counts as a matrix of one row, or of one column.
        var dy = step.Dy;
        if (leftRank == 1 && rightRank == 1)
            dy = step.Ops.Reshape(dy, 1, 1);
        else if (leftRank == 1)
            dy = step.Ops.Unsqueeze(dy, -2);
        else if (rightRank == 1)
            dy = step.Ops.Unsqueeze(dy, -1);
        var rows = leftRank == 1 ? step.Ops.Unsqueeze(left, 0) : left;
        var columns = rightRank == 1 ? step.Ops.Unsqueeze(right, 1) : right;
        var (rowsRank, columnsRank) = (Math.Max(2, leftRank), Math.Max(2, rightRank));
        return
        [
            step.Needs(0)
                ? Fitted(
                    step,
                    step.Ops.Emit("MatMul", [dy, Turned(step, columns, columnsRank)]),
                    rowsRank,
                    columnsRank,
                    left
                )
                : null,
            step.Needs(1) ? OfRight(step, dy, rows, rowsRank, columnsRank, right) : null,
        ];
    }

    private static Value OfRight(GradientStep step, Value dy, Value rows, int rowsRank, int columnsRank, Value right)
    {
        if (columnsRank > 2 || rowsRank == 2)
            return Fitted(
                step,
                step.Ops.Emit("MatMul", [Turned(step, rows, rowsRank), dy]),
                columnsRank,
                rowsRank,
                right
            );
        // One product over all rows of all examples, not a sum of products.
        var (inner, outer) = (Flat(step, rows), Flat(step, dy));
        return step.ReshapeLike(step.Ops.Emit("MatMul", [step.Ops.Transpose(inner, 1, 0), outer]), right);
    }

    private static Value Flat(GradientStep step, Value value)
    {
        var width = step.Ops.Slice(step.Ops.ShapeOf(value), 0, -1, long.MaxValue);
        var count = step.Ops.Emit("Div", [step.Ops.Reshape(step.Apply("Size", value), 1), width]);
        return step.Reshape(value, step.Ops.Concat(0, count, width));
    }

    private static Value Turned(GradientStep step, Value value, int rank)
    {
        var order = Enumerable.Range(0, rank).Select(axis => (long)axis).ToArray();
        (order[^1], order[^2]) = (order[^2], order[^1]);
        return step.Ops.Transpose(value, order);
    }

    // The product has the axes of both sides; two matrices have none to sum over.
    private static Value Fitted(GradientStep step, Value product, int ownRank, int otherRank, Value input)
    {
        if (ownRank == 2 && otherRank == 2)
            return step.Types.RankOf(input) == 1 ? step.ReshapeLike(product, input) : product;
        var whole = BatchShape(step, input);
        if (whole is null && step.Types.RankOf(input) == 1)
            return step.ReshapeLike(
                step.Sum(product, [.. Enumerable.Range(0, otherRank - 2).Select(axis => (long)axis)]),
                input
            );
        return BroadcastSum.Of(step, product, whole, input);
    }

    // The output's axes before the last two, then the input's own last two.
    private static Shape? BatchShape(GradientStep step, Value input)
    {
        if (step.Types.ShapeOf(step.Y) is not { } whole || step.Types.ShapeOf(input) is not { Rank: >= 2 } own)
            return null;
        var isVector = step.Node.Inputs.Any(side => step.Types.RankOf(side!) == 1);
        var batch = whole.Dimensions[..^(isVector ? 1 : 2)];
        return new Shape([.. batch, .. own.Dimensions[^2..]]);
    }

    // Both sides are taken to be matrices, or batches of them.
    private static ImmutableArray<Value?> OfUnknownRank(GradientStep step, Value left, Value right)
    {
        return
        [
            step.Needs(0) ? BroadcastSum.Of(step, step.Ops.Emit("MatMul", [step.Dy, Turned(right)]), null, left) : null,
            step.Needs(1) ? BroadcastSum.Of(step, step.Ops.Emit("MatMul", [Turned(left), step.Dy]), null, right) : null,
        ];

        Value Turned(Value value) => Einsum(step, "...mn->...nm", value);
    }

    private static Value Einsum(GradientStep step, string equation, params Value[] inputs) =>
        step.Ops.Emit("Einsum", inputs, [NodeAttribute.Of("equation", equation)]);

    // Y = α A' B' + β C, where A' and B' may be transposed.
    private static ImmutableArray<Value?> Gemm(GradientStep step)
    {
        var (left, right) = (step.X, step.Node.Inputs[1]!);
        var (turnsLeft, turnsRight) = (step.Integer("transA", 0) != 0, step.Integer("transB", 0) != 0);
        var gradients = ImmutableArray.CreateBuilder<Value?>();
        gradients.Add(
            !step.Needs(0) ? null
            : turnsLeft ? Product(step, right, step.Dy, turnsRight, true)
            : Product(step, step.Dy, right, false, !turnsRight)
        );
        gradients.Add(
            !step.Needs(1) ? null
            : turnsRight ? Product(step, step.Dy, left, true, turnsLeft)
            : Product(step, left, step.Dy, !turnsLeft, false)
        );
        if (step.Node.Inputs.Count > 2)
            gradients.Add(step.Needs(2) ? OfSum(step, step.Node.Inputs[2]!) : null);
        return gradients.ToImmutable();
    }

    private static Value OfSum(GradientStep step, Value sum)
    {
        var factor = step.Float("beta", 1);
        return step.SumTo(factor == 1 ? step.Dy : step.Ops.Mul(step.Dy, step.Number(factor)), sum);
    }

    private static Value Product(GradientStep step, Value left, Value right, bool turnsLeft, bool turnsRight) =>
        step.Ops.Emit(
            "Gemm",
            [left, right],
            [
                NodeAttribute.Of("alpha", step.Float("alpha", 1)),
                NodeAttribute.Of("transA", turnsLeft ? 1L : 0L),
                NodeAttribute.Of("transB", turnsRight ? 1L : 0L),
            ]
        );

    // The gradient of one input is the product of the others and the output's gradient, by the same letters.
    private static ImmutableArray<Value?> Einsum(GradientStep step)
    {
        var equation = step.Node.FindAttribute("equation")!.Text.Replace(" ", "", StringComparison.Ordinal);
        var sides = equation.Split("->");
        var terms = sides[0].Split(',');
        if (sides.Length != 2 || equation.Contains("...", StringComparison.Ordinal))
            throw step.Refusal($"its equation '{equation}' has no '->', or leaves axes unnamed");
        return [.. terms.Select((_, input) => step.Needs(input) ? OfTerm(step, terms, sides[1], input) : null)];
    }

    private static Value OfTerm(GradientStep step, string[] terms, string output, int input)
    {
        string[] others = [output, .. terms.Where((_, index) => index != input)];
        var (term, known) = (terms[input], others.SelectMany(letters => letters).ToHashSet());
        if (term.Distinct().Count() < term.Length || !term.All(known.Contains))
            throw step.Refusal($"its equation sums '{term}' over an axis of its own, or takes a diagonal");
        var values = step.Node.Inputs.Where((_, index) => index != input).Select(value => value!);
        return Einsum(step, $"{string.Join(',', others)}->{term}", [step.Dy, .. values]);
    }
}
