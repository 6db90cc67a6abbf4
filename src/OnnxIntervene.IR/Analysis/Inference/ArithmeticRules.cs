using static OnnxIntervene.IR.Analysis.Inference.RuleTable;

namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>Operators by which graphs compute sizes from sizes: their contents are followed.</summary>
internal static class ArithmeticRules
{
    public static void AddTo(RuleTable table)
    {
        table.Add(Like(0, 1), Pairwise((left, right) => left + right), "Add");
        table.Add(Like(0, 1), Pairwise((left, right) => left - right), "Sub");
        table.Add(Like(0, 1), Pairwise((left, right) => left * right), "Mul");
        table.Add(Like(0, 1), Quotient, "Div");
        table.Add(Like(0, 1), Remainder, "Mod");
        table.Add(Like(0), Folded((left, right) => left + right), "Sum");
        table.Add(Like(0), Folded(Least), "Min");
        table.Add(Like(0), Folded((left, right) => Negative(Least(Negative(left), Negative(right)))), "Max");
        table.Add(Like(0), Each(Negative), "Neg");
        table.Add(
            Like(0),
            Each(item =>
                item.IsSize ? item
                : item.Number < 0 ? Negative(item)
                : Quantity.Unknown
            ),
            "Abs"
        );
        table.Add(Like(1, 2), Choice, "Where");
        AddComparisons(table);
    }

    private static void AddComparisons(RuleTable table)
    {
        var truth = Always(ElementType.Bool);
        table.Add(truth, Pairwise(AreEqual), "Equal");
        table.Add(truth, Compared((left, right) => left < right), "Less");
        table.Add(truth, Compared((left, right) => left <= right), "LessOrEqual");
        table.Add(truth, Compared((left, right) => left > right), "Greater");
        table.Add(truth, Compared((left, right) => left >= right), "GreaterOrEqual");
        table.Add(truth, Compared((left, right) => left != 0 && right != 0), "And");
        table.Add(truth, Compared((left, right) => left != 0 || right != 0), "Or");
        table.Add(truth, Compared((left, right) => (left != 0) != (right != 0)), "Xor");
    }

    private static Quantity Negative(Quantity item) => Quantity.Of(0) - item;

    private static Quantity Least(Quantity left, Quantity right) =>
        left.IsSame(right) ? left
        : (left.Number, right.Number) is ({ } first, { } second) ? Quantity.Of(Math.Min(first, second))
        : Quantity.Unknown;

    private static FactsRule Each(Func<Quantity, Quantity> compute) =>
        (node, _) => node.Input(0) with { Contents = node.Contents(0)?.Select(compute).ToArray() };

    private static FactsRule Pairwise(Func<Quantity, Quantity, Quantity> compute) =>
        (node, _) => Combined(ElementwiseRules.CommonAxes(node), node.Contents(0), node.Contents(1), compute);

    private static FactsRule Compared(Func<long, long, bool> compare) =>
        Pairwise(
            (left, right) =>
                ElementwiseRules.Truth(
                    (left.Number, right.Number) is ({ } first, { } second) ? compare(first, second) : null
                )
        );

    private static FactsRule Folded(Func<Quantity, Quantity, Quantity> compute) =>
        (node, _) =>
            Enumerable
                .Range(1, Math.Max(0, node.Node.Inputs.Count - 1))
                .Select(node.Input)
                .Aggregate(
                    node.Input(0),
                    (sum, next) => Combined(Broadcasting.Of(sum.Axes, next.Axes), sum.Contents, next.Contents, compute)
                );

    // Exporters ask whether a size is -1, which no size is.
    private static Quantity AreEqual(Quantity left, Quantity right) =>
        left.IsSame(right) ? Quantity.Of(1)
        : left.Number is not null && right.Number is not null ? Quantity.Of(0)
        : (left.IsSize && right.Number < 0) || (right.IsSize && left.Number < 0) ? Quantity.Of(0)
        : Quantity.Unknown;

    // Floats are followed only as long as they are whole, so only a division without remainder is followed for them.
    private static TensorFacts Quotient(NodeFacts node, int output) =>
        Pairwise(
            (left, right) =>
            {
                var quotient = left.DividedBy(right);
                return (quotient * right).IsSame(left) || IsInteger(node) ? quotient : Quantity.Unknown;
            }
        )(node, output);

    // The value's own type is known where it matters: exporters' size arithmetic is of 64-bit constants.
    private static bool IsInteger(NodeFacts node) =>
        node.Node.Inputs.Any(input =>
            (input?.Type?.ElementType ?? input?.Initializer?.ElementType ?? ConstantType(input))
                is ElementType.Int64
                    or ElementType.Int32
        );

    private static ElementType? ConstantType(Value? value) =>
        value?.Producer switch
        {
            { Operator: ("", "Constant") } constant => ConstantRules.TypeOf(constant),
            { Operator: ("", "Shape" or "Size") } => ElementType.Int64,
            _ => null,
        };

    private static TensorFacts Remainder(NodeFacts node, int output)
    {
        var isTruncated = node.Integer("fmod", 0) != 0;
        return Pairwise(
            (left, right) =>
                (left.Number, right.Number) is ({ } dividend, { } divisor) && divisor is not (0 or -1)
                    ? Quantity.Of(isTruncated ? dividend % divisor : ((dividend % divisor) + divisor) % divisor)
                    : Quantity.Unknown
        )(node, output);
    }

    private static TensorFacts Choice(NodeFacts node, int output)
    {
        var axes = Broadcasting.Of(node.Axes(0), node.Axes(1), node.Axes(2));
        if (axes is null || CountOf(axes) is not { } count)
            return new TensorFacts(axes);
        var (which, first, second) = (node.Contents(0), node.Contents(1), node.Contents(2));
        if (which is null || first is null || second is null || !Fit(count, which, first, second))
            return new TensorFacts(axes);
        return new TensorFacts(
            axes,
            [
                .. Enumerable
                    .Range(0, count)
                    .Select(place => Chosen(At(which, place), At(first, place), At(second, place))),
            ]
        );
    }

    private static Quantity Chosen(Quantity which, Quantity first, Quantity second) =>
        which.Number is { } number ? (number != 0 ? first : second)
        : first.IsSame(second) ? first
        : Quantity.Unknown;

    private static TensorFacts Combined(
        Quantity[]? axes,
        Quantity[]? first,
        Quantity[]? second,
        Func<Quantity, Quantity, Quantity> compute
    ) =>
        axes is not null
        && first is not null
        && second is not null
        && CountOf(axes) is { } count
        && Fit(count, first, second)
            ? new TensorFacts(
                axes,
                [.. Enumerable.Range(0, count).Select(place => compute(At(first, place), At(second, place)))]
            )
            : new TensorFacts(axes);

    private static int? CountOf(Quantity[] axes) =>
        new TensorFacts(axes).Count.Number is >= 0 and <= TensorFacts.LongestContents and var count ? (int)count : null;

    // Rows stretched along some axes only are not followed: no exporter computes sizes that way.
    private static bool Fit(int count, params ReadOnlySpan<Quantity[]> parts)
    {
        foreach (var part in parts)
        {
            if (part.Length != 1 && part.Length != count)
                return false;
        }

        return true;
    }

    private static Quantity At(Quantity[] contents, int place) => contents[contents.Length == 1 ? 0 : place];
}
