using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Gradients.Losses;

/// <summary>Where a loss is written: nodes after an output, and inputs for what it is compared with.</summary>
internal sealed class LossGraph(OpBuilder ops, int outputAxes)
{
    /// <summary>The prefix of the inputs that losses add.</summary>
    public const string Prefix = NameScope.Prefix + "loss/";

    private readonly List<string> _inputs = [];
    private Value? _rows;
    private Value? _predictions;

    /// <summary>Writes nodes.</summary>
    public OpBuilder Ops => ops;

    /// <summary>The inputs that were added.</summary>
    public IReadOnlyList<string> Inputs => _inputs;

    /// <summary>An input whose axes are sizes of its own; a number for an axis of known size.</summary>
    public Value Input(string name, ElementType type, params ReadOnlySpan<long?> sizes)
    {
        var shape = ImmutableArray.CreateBuilder<Dimension>();
        foreach (var size in sizes)
            shape.Add(size is { } known ? Dimension.Fixed(known) : Dimension.Named($"{Prefix}{name}/{shape.Count}"));
        var input = ops.Graph.AddInput($"{Prefix}{name}", new TensorType(type, new Shape(shape.ToImmutable())));
        _inputs.Add(input.Name);
        return input;
    }

    /// <summary>A value as 32-bit floats.</summary>
    public Value Widened(Value value) =>
        new TypeInference().ElementTypeOf(value) is ElementType.Float32 ? value : ops.Cast(value, ElementType.Float32);

    /// <summary>The rows of an output at positions that a run chooses, <c>[N, width]</c>.</summary>
    public Value ChosenRows(Value output) =>
        _rows = Widened(ops.GatherND(output, Input(LossRows.Places, ElementType.Int64, null, outputAxes - 1), 0));

    /// <summary>The rows that the loss reads, <c>[N, width]</c>; null for none.</summary>
    public Value? Rows => _rows;

    /// <summary>The largest entry's number in each row that the loss reads, int64 <c>[N]</c>; null for none.</summary>
    public Value? Predictions() =>
        _rows is null
            ? null
            : _predictions ??= ops.Emit(
                "ArgMax",
                [_rows],
                [NodeAttribute.Of("axis", 1L), NodeAttribute.Of("keepdims", 0L)]
            );

    /// <summary>An entry of each row, <c>[N]</c>.</summary>
    public Value Entries(Value rows, string name)
    {
        var columns = ops.Unsqueeze(Input(name, ElementType.Int64, (long?)null), 1);
        var entries = ops.Emit("GatherElements", [rows, columns], [NodeAttribute.Of("axis", 1L)]);
        return ops.Reshape(entries, -1);
    }

    /// <summary>Logarithms of the probabilities of each row.</summary>
    public Value LogProbabilities(Value rows) => ops.Emit("LogSoftmax", [rows], [NodeAttribute.Of("axis", 1L)]);

    /// <summary>The mean of all elements, a scalar.</summary>
    public Value Mean(Value value) => ops.Emit("ReduceMean", [value], [NodeAttribute.Of("keepdims", 0L)]);
}
