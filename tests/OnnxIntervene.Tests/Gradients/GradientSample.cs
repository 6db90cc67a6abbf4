using System.Collections.Immutable;
using System.Runtime.InteropServices;
using OnnxIntervene.IR;
using OnnxIntervene.Tests.Files;

namespace OnnxIntervene.Tests.Gradients;

/// <summary>One operator on inputs of chosen shapes, all of which are differentiated by.</summary>
/// <param name="Operator">The operator, with its domain before it where that is not the standard one.</param>
/// <param name="Note">What is special about it.</param>
/// <param name="Shapes">The shapes of the inputs that are differentiated by.</param>
internal sealed record GradientSample(string Operator, string Note, ImmutableArray<long[]> Shapes)
{
    /// <summary>64-bit floats where the operator has them.</summary>
    public ElementType Type { get; init; } = ElementType.Float64;

    public int OperatorSet { get; init; } = 20;

    public ImmutableArray<NodeAttribute> Attributes { get; init; } = [];

    /// <summary>Constants before the inputs.</summary>
    public Func<ModelSketch, Value?[]> Before { get; init; } = _ => [];

    /// <summary>A constant after the first input.</summary>
    public Func<ModelSketch, Value>? Middle { get; init; }

    /// <summary>Constants after the inputs.</summary>
    public Func<ModelSketch, Value?[]> After { get; init; } = _ => [];

    public int Outputs { get; init; } = 1;

    /// <summary>Which output the loss is computed from; others stay without a gradient.</summary>
    public int Output { get; init; }

    /// <summary>The least size of the inputs' numbers, which are drawn evenly; their signs are drawn too.</summary>
    public double Low { get; init; } = 0.2;

    public double High { get; init; } = 1.2;

    public bool IsPositive { get; init; }

    /// <summary>Whether the rule must know how many axes the inputs have.</summary>
    public bool NeedsRank { get; init; }

    public OperatorKey Key
    {
        get
        {
            var dot = Operator.LastIndexOf('.');
            return dot < 0 ? new OperatorKey("", Operator) : new OperatorKey(Operator[..dot], Operator[(dot + 1)..]);
        }
    }

    /// <summary>The same with attributes.</summary>
    public GradientSample Set(params NodeAttribute[] attributes) =>
        this with
        {
            Attributes = [.. Attributes, .. attributes],
        };

    /// <summary>The same with an attribute of one integer.</summary>
    public GradientSample Set(string name, long number) => Set(NodeAttribute.Of(name, number));

    /// <summary>The same with constants after the inputs.</summary>
    public GradientSample Then(Func<ModelSketch, Value?[]> after) => this with { After = after };

    /// <summary>The same with a row of integers after the inputs.</summary>
    public GradientSample Then(params long[] numbers) => Then(sketch => [sketch.Integers("numbers", numbers)]);

    /// <summary>The same in 32 bits.</summary>
    public GradientSample Single() => this with { Type = ElementType.Float32 };

    public static GradientSample Of(string name, string note, params long[][] shapes) => new(name, note, [.. shapes]);

    public static string Text(params long[][] shapes) =>
        string.Join(" and ", shapes.Select(shape => $"[{string.Join(", ", shape)}]"));

    public override string ToString() => $"{Operator}, {Note}";

    /// <summary>The operator's model, its inputs known as far as the form says.</summary>
    public Model Build(ShapeKnowledge knowledge)
    {
        var sketch = new ModelSketch(10, OperatorSet);
        var before = Before(sketch);
        var inputs = Shapes.Select(
            (shape, index) => sketch.Graph.AddInput($"x{index}", TypeOf(shape, index, knowledge))
        );
        List<Value?> all = [.. before, .. inputs, .. After(sketch)];
        if (Middle is not null)
            all.Insert(1, Middle(sketch));
        var outputs = Enumerable.Range(0, Outputs).Select(index => $"y{index}").ToArray();
        var node = sketch.Node("op", Operator, [.. all], outputs, [.. Attributes]);
        return sketch.Build(node.Outputs[Output]!);
    }

    /// <summary>Numbers for the inputs, the same in each run.</summary>
    public double[] Numbers(int input)
    {
        var random = new Random((17 * input) + 5);
        var numbers = new double[Shapes[input].Aggregate(1L, (count, size) => count * size)];
        for (var index = 0; index < numbers.Length; index++)
        {
            var size = Low + ((High - Low) * random.NextDouble());
            numbers[index] = IsPositive || random.Next(2) == 0 ? size : -size;
        }

        return numbers;
    }

    public static TensorData Doubles(params double[] numbers) =>
        TensorData.FromBytes(ElementType.Float64, [numbers.Length], MemoryMarshal.AsBytes(numbers.AsSpan()).ToArray());

    public static TensorData Double(double number) =>
        TensorData.FromBytes(ElementType.Float64, [], MemoryMarshal.AsBytes(new[] { number }.AsSpan()).ToArray());

    public static TensorData Marks(params bool[] marks) =>
        TensorData.FromBytes(ElementType.Bool, [marks.Length], MemoryMarshal.AsBytes(marks.AsSpan()).ToArray());

    private TensorType TypeOf(long[] shape, int input, ShapeKnowledge knowledge) =>
        new(
            Type,
            knowledge switch
            {
                ShapeKnowledge.Sizes => Shape.Of(shape),
                ShapeKnowledge.Axes => new Shape([
                    .. shape.Select((_, axis) => Dimension.Named($"size_{input}_{axis}")),
                ]),
                _ => null,
            }
        );
}

/// <summary>What a graph says of its inputs' shapes.</summary>
internal enum ShapeKnowledge
{
    Sizes,
    Axes,
    Nothing,
}
