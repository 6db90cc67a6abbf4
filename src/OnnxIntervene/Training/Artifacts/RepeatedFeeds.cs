using System.Runtime.InteropServices;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Training.Artifacts;

/// <summary>What a run of one example is fed, as nodes that feed the same for every example of a batch.</summary>
/// <param name="ops">Writes the nodes.</param>
/// <param name="example">An input whose first axis counts the examples.</param>
internal sealed class RepeatedFeeds(OpBuilder ops, Value example)
{
    private readonly Value _count = ops.Gather(ops.ShapeOf(example), ops.Scalar(0), 0);

    /// <summary>Units, of which the first number is the example.</summary>
    /// <param name="numbers">Those of the first example, one after the other.</param>
    /// <param name="width">How many numbers a unit has.</param>
    public Value Locations(ReadOnlyMemory<long> numbers, int width)
    {
        var isExample = new long[width];
        isExample[0] = 1;
        var examples = ops.Reshape(ops.Range(ops.Scalar(0), _count, ops.Scalar(1)), -1, 1, 1);
        var units = Constant(TensorData.FromIntegers([1, numbers.Length / width, width], numbers.Span));
        var all = ops.Add(units, ops.Mul(examples, Constant(TensorData.FromIntegers([1, 1, width], isExample))));
        return ops.Reshape(all, -1, width);
    }

    /// <summary>Rows of numbers.</summary>
    /// <param name="numbers">Those of the first example.</param>
    /// <param name="shape">Their shape; the first axis counts rows.</param>
    public Value Rows(ReadOnlyMemory<float> numbers, params ReadOnlySpan<long> shape) =>
        Repeated(TensorData.FromFloats([1, .. shape], numbers.Span), shape);

    /// <summary>Rows of marks.</summary>
    /// <param name="marks">Those of the first example.</param>
    /// <param name="width">How many marks a row has.</param>
    public Value Marks(ReadOnlyMemory<bool> marks, int width)
    {
        var rows = marks.Length / width;
        var bytes = MemoryMarshal.AsBytes(marks.Span).ToArray();
        return Repeated(TensorData.FromBytes(ElementType.Bool, [1, rows, width], bytes), [rows, width]);
    }

    /// <summary>A constant that is the same for the whole batch.</summary>
    public Value Constant(TensorData data) => ops.Graph.AddInitializer(ops.Names.Unique("example/constant"), data);

    private Value Repeated(TensorData data, ReadOnlySpan<long> shape)
    {
        var ones = new long[shape.Length];
        Array.Fill(ones, 1);
        var sizes = ops.Concat(0, ops.Reshape(_count, 1), ops.Constant(ones));
        return ops.Reshape(ops.Expand(Constant(data), sizes), [-1, .. shape[1..]]);
    }
}
