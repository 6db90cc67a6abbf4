using System.Collections.Immutable;
using OnnxIntervene.Baking.Weights;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Baking.Removal;

/// <summary>Carries a plan out: smaller weights, constants, shapes, attributes and caches.</summary>
internal sealed class RemovalRewrite(Graph graph, RemovalPlan plan, NameScope names)
{
    private readonly ShapeRewrite _shapes = new(names);

    /// <summary>Changes the graph; says which weights became smaller.</summary>
    /// <exception cref="InterventionException">Something cannot be cut; the message has the reason.</exception>
    public string Apply()
    {
        RequireCaches();
        foreach (var node in plan.Rows.Keys.Union(plan.Columns.Keys))
            Cut(node);
        foreach (var ((node, input), mark) in plan.Constants)
            Cut(node, input, mark);
        foreach (var node in plan.Nodes)
            Reshape(node);
        foreach (var node in plan.Nodes)
            FusedRules.Rewrite(plan, node);
        foreach (var (value, mark) in plan.Marks)
            Retype(value, mark);
        return $"removed with columns of {Names(plan.Columns.Keys)} and rows of {Names(plan.Rows.Keys)}";
    }

    // Whoever runs the file feeds what it fed before; only caches, which come from the file itself, may be smaller.
    private void RequireCaches()
    {
        foreach (var value in plan.Marks.Keys.Where(graph.IsInput))
        {
            if (!value.Name.Contains("past", StringComparison.OrdinalIgnoreCase))
                throw plan.Refusal($"the model's input '{value.Name}' would have another shape");
        }
    }

    private void Cut(Node node)
    {
        var stored = WeightMatrix.Find(node, out var reason) ?? throw plan.Refusal(reason);
        foreach (var constant in stored.Constants)
            RequireOwn(node, constant);
        var (rows, columns) = (plan.Rows.GetValueOrDefault(node), plan.Columns.GetValueOrDefault(node));
        if ((rows?.Size ?? stored.Rows) != stored.Rows || (columns?.Size ?? stored.Columns) != stored.Columns)
            throw plan.Refusal($"the weights of {node} have other sizes than what is read or computed");
        if (
            columns is not null
            && ProductBias.InputOf(node) is { } bias
            && node.InputOrNull(bias) is { } vector
            && GraphConstants.Dimensions(vector) is { } sizes
        )
        {
            if (sizes is [] || sizes[^1] != 1)
                Cut(node, bias, columns.At(sizes.Length - 1));
        }

        var fault = stored.Keep(
            rows?.Kept ?? [.. Enumerable.Range(0, stored.Rows)],
            columns?.Kept ?? [.. Enumerable.Range(0, stored.Columns)],
            names
        );
        if (fault is not null)
            throw plan.Refusal(fault);
    }

    private void Cut(Node node, int input, AxisMark mark)
    {
        var value = node.Inputs[input]!;
        RequireOwn(node, value);
        var data = value.Initializer ?? value.Producer?.FindAttribute("value")?.Tensor;
        if (mark is { Repeats: false, Axis: 0 } && Levels(value) is { } dequantize)
            node.SetInput(input, Cut(dequantize, mark));
        else if (data is null || mark.Repeats || data.ElementType.BitWidth() % 8 != 0)
            throw plan.Refusal($"'{value.Name}' of {node} is computed, and cannot be cut");
        else
            node.SetInput(input, graph.AddInitializer(names.Unique($"{value.Name}/kept"), Cut(data, mark)));
    }

    private void RequireOwn(Node node, Value constant)
    {
        if (GraphConstants.IsConstant(constant) && GraphConstants.OverridableOf(graph, constant) is { } fed)
            throw plan.Refusal($"'{fed.Name}', which {node} reads, is an input that a run may feed as large as it is");
    }

    // A bias of integers, as quantisers write it.
    private static Node? Levels(Value value) =>
        value.Producer is { Operator.OperatorType: "DequantizeLinear" } dequantize
        && dequantize.Inputs.All(input => input is null or { Initializer.Dimensions.Length: <= 1 })
            ? dequantize
            : null;

    // With the scales and zero points of its entries, where they have one each.
    private Value Cut(Node dequantize, AxisMark mark)
    {
        var own = graph.AddNode(
            names.Unique($"{dequantize.Name}/kept"),
            dequantize.Operator,
            [
                .. dequantize.Inputs.Select(input =>
                    input?.Initializer is { } data && data.Count == mark.Size
                        ? graph.AddInitializer(names.Unique($"{input.Name}/kept"), Cut(data, mark))
                        : input
                ),
            ],
            [names.Unique($"{dequantize.Output.Name}/kept")],
            [.. dequantize.Attributes],
            dequantize
        );
        own.Output.Type = dequantize.Output.Type;
        Retype(own.Output, mark);
        return own.Output;
    }

    private static TensorData Cut(TensorData data, AxisMark mark)
    {
        var sizes = data.Dimensions.ToArray();
        var kept = mark.Keep(data.ReadBytes().Span, sizes, data.ElementType.BitWidth() / 8);
        sizes[mark.Axis] = mark.Kept.Length;
        return TensorData.FromBytes(data.ElementType, sizes, kept);
    }

    private void Reshape(Node node)
    {
        if (node.Operator.OperatorType == "Split")
            Divide(node);
        if (
            node.Operator.OperatorType is not ("Reshape" or "Expand")
            || plan.MarkOf(node.Output) is not { Repeats: false } mark
            || node.InputOrNull(1) is not { } shape
        )
            return;
        // Expand's shape may begin at a later axis.
        var rank = plan.Types.RankOf(node.Output) ?? 0;
        var index = mark.Axis - (node.Operator.OperatorType == "Expand" ? rank - Length(shape, rank) : 0);
        if (index >= 0)
            node.SetInput(1, _shapes.With(shape, index, mark.Size, mark.Kept.Length));
    }

    private int Length(Value shape, int otherwise) =>
        plan.Types.FactsOf(shape).Axes is [{ Number: { } count }] ? (int)count : otherwise;

    private void Divide(Node split)
    {
        if (plan.MarkOf(split.Inputs[0]) is not { } whole || split.Outputs.All(part => plan.MarkOf(part) is null))
            return;
        var rank = plan.Types.RankOf(split.Inputs[0]!) ?? 0;
        if (SpreadRules.FromStart(SpreadRules.AxisOf(split), rank) != whole.Axis)
            return;
        long[] sizes =
        [
            .. split.Outputs.Select(part =>
                plan.MarkOf(part)?.Kept.Length ?? plan.SizesOf(part!)?[whole.Axis] ?? throw plan.Refusal($"{split}")
            ),
        ];
        if (split.FindAttribute("split") is not null)
            split.SetAttribute(NodeAttribute.Of("split", [.. sizes]));
        else if (split.InputOrNull(1) is not null)
            split.SetInput(
                1,
                graph.AddInitializer(
                    names.Unique($"{split.Name}/sizes"),
                    TensorData.FromIntegers([sizes.Length], sizes)
                )
            );
        else if (sizes.Distinct().Count() > 1)
            throw plan.Refusal($"{split} makes equal parts, and these would differ");
    }

    private static void Retype(Value value, AxisMark mark)
    {
        if (value.Type is not { Shape: { } shape } type || mark.Axis >= shape.Rank)
            return;
        if (shape[mark.Axis].Size is { } size)
            value.Type = type with
            {
                Shape = new Shape(
                    shape.Dimensions.SetItem(
                        mark.Axis,
                        mark.Repeats ? Dimension.Unknown : Dimension.Fixed(size * mark.Kept.Length / mark.Size)
                    )
                ),
            };
    }

    private static string Names(IEnumerable<Node> nodes) => string.Join(", ", nodes.Select(node => node.Name));
}
