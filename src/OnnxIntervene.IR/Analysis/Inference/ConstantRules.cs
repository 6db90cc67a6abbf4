using System.Runtime.InteropServices;
using static OnnxIntervene.IR.Analysis.Inference.RuleTable;

namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>Operators that create tensors, and those that measure them.</summary>
internal static class ConstantRules
{
    // Whole numbers in floats are followed only where a graph computes sizes with them.
    private const int LongestFloats = 8;

    public static void AddTo(RuleTable table)
    {
        var integers = Always(ElementType.Int64);
        table.Add((node, _) => TypeOf(node), Constant, "Constant");
        table.Add(
            (node, _) =>
                node.FindAttribute("value") is { Kind: AttributeKind.Tensor } filling
                    ? filling.Tensor.ElementType
                    : ElementType.Float32,
            ConstantOfShape,
            "ConstantOfShape"
        );
        table.Add(integers, ShapeOf, "Shape");
        table.Add(integers, (node, _) => TensorFacts.Scalar(node.Input(0).Count), "Size");
        table.Add(Like(0, 1, 2), Range, "Range");
        table.Add(
            Named("dtype", Like(0)),
            ElementwiseRules.LikeFirst,
            "EyeLike",
            "RandomNormalLike",
            "RandomUniformLike"
        );
        table.Add(Named("dtype", Always(ElementType.Int32)), ElementwiseRules.LikeFirst, "Bernoulli");
        table.Add(
            Named("dtype", Always(ElementType.Float32)),
            (node, _) =>
                node.Integers("shape") is { } shape ? new TensorFacts(Numbers(shape.AsSpan())) : TensorFacts.Unknown,
            "RandomNormal",
            "RandomUniform"
        );
    }

    /// <summary>Sizes and numbers of a constant.</summary>
    public static TensorFacts Of(TensorData data) => new(Numbers(data.Dimensions.AsSpan()), Read(data));

    /// <summary>The element type of a Constant, which has one of several attributes.</summary>
    public static ElementType TypeOf(Node constant) =>
        (constant.Attributes is [var only, ..] ? only : null) switch
        {
            { Name: "value", Kind: AttributeKind.Tensor } tensor => tensor.Tensor.ElementType,
            { Name: "value_int" or "value_ints" } => ElementType.Int64,
            { Name: "value_float" or "value_floats" } => ElementType.Float32,
            { Name: "value_string" or "value_strings" } => ElementType.Text,
            _ => ElementType.Undefined,
        };

    private static TensorFacts Constant(NodeFacts node, int output) =>
        (node.Node.Attributes is [var only, ..] ? only : null) switch
        {
            { Name: "value", Kind: AttributeKind.Tensor } tensor => Of(tensor.Tensor),
            { Name: "value_int" } number => TensorFacts.Scalar(Quantity.Of(number.Integer)),
            { Name: "value_ints" } numbers => TensorFacts.Row(Numbers(numbers.Integers.AsSpan())),
            { Name: "value_float" or "value_string" } => TensorFacts.Of(),
            { Name: "value_floats" } numbers => TensorFacts.Of(Quantity.Of(numbers.Floats.Length)),
            { Name: "value_strings" } texts => TensorFacts.Of(Quantity.Of(texts.Texts.Length)),
            _ => TensorFacts.Unknown,
        };

    private static Quantity[] Numbers(ReadOnlySpan<long> numbers)
    {
        var quantities = new Quantity[numbers.Length];
        for (var index = 0; index < numbers.Length; index++)
            quantities[index] = Quantity.Of(numbers[index]);
        return quantities;
    }

    private static Quantity[]? Read(TensorData data) =>
        data.Count > TensorFacts.LongestContents
            ? null
            : data.ElementType switch
            {
                ElementType.Int64 or ElementType.Int32 => Numbers(data.ReadIntegers()),
                ElementType.Bool => [.. data.ReadBytes().ToArray().Select(item => Quantity.Of(item == 0 ? 0 : 1))],
                ElementType.Float32 when data.Count <= LongestFloats => Whole(data.ReadBytes().Span),
                _ => null,
            };

    private static Quantity[]? Whole(ReadOnlySpan<byte> bytes)
    {
        var numbers = MemoryMarshal.Cast<byte, float>(bytes);
        foreach (var number in numbers)
        {
            if (Math.Abs(number) >= 1 << 24 || number != MathF.Truncate(number))
                return null;
        }

        var quantities = new Quantity[numbers.Length];
        for (var index = 0; index < numbers.Length; index++)
            quantities[index] = Quantity.Of((long)numbers[index]);
        return quantities;
    }

    private static TensorFacts ConstantOfShape(NodeFacts node, int output)
    {
        if (node.Contents(0) is not { } sizes)
            return node.Length(0) is { } rank ? TensorFacts.OfRank(rank) : TensorFacts.Unknown;
        var facts = new TensorFacts(sizes);
        if (facts.Count.Number is not (>= 0 and <= TensorFacts.LongestContents and var count))
            return facts;
        var filling = node.Node.FindAttribute("value") is { Kind: AttributeKind.Tensor } tensor
            ? Read(tensor.Tensor)
            : [Quantity.Of(0)];
        return filling is [var item] ? facts with { Contents = [.. Enumerable.Repeat(item, (int)count)] } : facts;
    }

    private static TensorFacts ShapeOf(NodeFacts node, int output)
    {
        if (node.Axes(0) is not { } axes)
            return TensorFacts.OfRank(1);
        var start = Bound(node.Integer("start", 0), axes.Length);
        var end = Bound(node.Integer("end", axes.Length), axes.Length);
        return TensorFacts.Row(axes[start..Math.Max(start, end)]);
    }

    private static int Bound(long axis, int rank) => (int)Math.Clamp(axis < 0 ? axis + rank : axis, 0, rank);

    private static TensorFacts Range(NodeFacts node, int output)
    {
        var (start, limit, step) = (node.Single(0), node.Single(1), node.Single(2));
        if (step.Number is not { } by || by == 0)
            return TensorFacts.OfRank(1);
        if (start.Number is not { } first || limit.Number is not { } last)
            return TensorFacts.Of(by == 1 ? limit - start : Quantity.Unknown);
        var count = Math.Max(0, (long)Math.Ceiling((last - (double)first) / by));
        return count > TensorFacts.LongestContents
            ? TensorFacts.Of(Quantity.Of(count))
            : TensorFacts.Row([.. Enumerable.Range(0, (int)count).Select(index => Quantity.Of(first + (index * by)))]);
    }
}
