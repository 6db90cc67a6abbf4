using System.Collections.Immutable;
using System.Runtime.InteropServices;
using OnnxIntervene.IR;

namespace OnnxIntervene.Tests.Files;

/// <summary>A small model in the making; weights are seeded numbers, and sizes of -1 are the batch's.</summary>
internal sealed class ModelSketch(int irVersion, int operatorSet)
{
    private readonly Graph _graph = new("sketch");
    private Random _random = new(7);

    public Graph Graph => _graph;

    public ModelSketch Seed(int seed)
    {
        _random = new Random(seed);
        return this;
    }

    public Value Input(string name, params long[] sizes) => Input(name, ElementType.Float32, sizes);

    public Value Input(string name, ElementType type, params long[] sizes) => _graph.AddInput(name, Type(type, sizes));

    public static TensorType Type(ElementType type, params long[] sizes) =>
        new(
            type,
            new Shape([
                .. sizes.Select(
                    (size, axis) =>
                        size < 0 ? Dimension.Named(axis == 0 ? "batch" : $"size_{axis}") : Dimension.Fixed(size)
                ),
            ])
        );

    public Value Weights(string name, params long[] sizes) => Constant(name, Random(sizes));

    public Value Halves(string name, params long[] sizes) =>
        Constant(
            name,
            TensorData.FromBytes(
                ElementType.Float16,
                sizes,
                MemoryMarshal
                    .AsBytes(Array.ConvertAll(Random(sizes).ReadFloats(), number => (Half)number).AsSpan())
                    .ToArray()
            )
        );

    public Value Bytes(string name, ElementType type, params long[] sizes)
    {
        var bytes = new byte[type.ByteCount(sizes.Aggregate(1L, (product, size) => product * size))];
        _random.NextBytes(bytes);
        return Constant(name, TensorData.FromBytes(type, sizes, bytes));
    }

    public Value Number(string name, float number) => Constant(name, TensorData.FromFloats([], [number]));

    public Value Integers(string name, params long[] numbers) =>
        Constant(name, TensorData.FromIntegers([numbers.Length], numbers));

    // Before IR 4 every constant is listed as an input.
    public Value Constant(string name, TensorData data)
    {
        var value = _graph.AddInitializer(name, data);
        if (irVersion < 4)
            _graph.AddInput(value);
        return value;
    }

    public Value Op(string name, string type, Value?[] inputs, params NodeAttribute[] attributes) =>
        Node(name, type, inputs, [name], attributes).Output;

    public Node Node(string name, string type, Value?[] inputs, string[] outputs, params NodeAttribute[] attributes)
    {
        var dot = type.LastIndexOf('.');
        return _graph.AddNode(
            $"{name}_node",
            dot < 0 ? new OperatorKey("", type) : new OperatorKey(type[..dot], type[(dot + 1)..]),
            inputs,
            outputs,
            attributes
        );
    }

    public Model Build(params Value[] outputs)
    {
        foreach (var output in outputs)
            _graph.AddOutput(output);
        var sets = ImmutableSortedDictionary<string, long>.Empty.Add("", operatorSet);
        return new Model(
            _graph,
            irVersion,
            _graph.AllNodes().Any(node => node.Operator.Domain == OperatorKey.Microsoft)
                ? sets.Add(OperatorKey.Microsoft, 1)
                : sets
        );
    }

    private TensorData Random(long[] sizes)
    {
        var numbers = new float[sizes.Aggregate(1L, (product, size) => product * size)];
        for (var index = 0; index < numbers.Length; index++)
            numbers[index] = (float)(_random.NextDouble() - 0.5);
        return TensorData.FromFloats(sizes, numbers);
    }
}
