using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;

namespace OnnxIntervene.IR.Tests.Inference;

/// <summary>A graph of a few operators, made by hand: what the rules tell of it, and what ONNX Runtime gives.</summary>
public sealed class OperatorSketch
{
    private const int OperatorSet = 23;
    private readonly Graph _graph = new("sketch");
    private readonly Dictionary<string, (ElementType Type, long[] Sizes)> _inputs = [];

    public OperatorSketch()
    {
        var sets = ImmutableSortedDictionary<string, long>.Empty.Add("", OperatorSet).Add(OperatorKey.Microsoft, 1);
        Model = new Model(_graph, 10, sets);
        Ops = new OpBuilder(_graph, NameScope.Of(Model), OperatorSet, "sketch");
    }

    public Model Model { get; }

    public OpBuilder Ops { get; }

    /// <summary>An input of floats.</summary>
    public Value Floats(params long[] sizes) => Input(ElementType.Float32, sizes);

    /// <summary>An input whose sizes only the run tells.</summary>
    public Value Input(ElementType type, params long[] sizes)
    {
        var name = $"input{_inputs.Count}";
        _inputs.Add(name, (type, sizes));
        return _graph.AddInput(name, new TensorType(type, new Shape([.. sizes.Select(_ => Dimension.Unknown)])));
    }

    /// <summary>A weight of zeros.</summary>
    public Value Weight(ElementType type, params long[] sizes)
    {
        var count = sizes.Aggregate(1L, (product, size) => product * size);
        var data = TensorData.FromBytes(type, sizes, new byte[type.ByteCount(count)]);
        return _graph.AddInitializer($"weight{_graph.Initializers.Count}", data);
    }

    public Value Weight(params long[] sizes) => Weight(ElementType.Float32, sizes);

    /// <summary>The outputs of one operator of ONNX Runtime's own.</summary>
    public ImmutableArray<Value> Own(
        string name,
        Value?[] inputs,
        int outputs = 1,
        params IEnumerable<NodeAttribute> attributes
    ) => Ops.EmitMany(name, inputs, attributes, OperatorKey.Microsoft, outputs);

    /// <summary>The outputs of one operator of the standard.</summary>
    public ImmutableArray<Value> Many(
        string name,
        Value?[] inputs,
        int outputs,
        params IEnumerable<NodeAttribute> attributes
    ) => Ops.EmitMany(name, inputs, attributes, "", outputs);

    /// <summary>What the rules tell of the values when the graph runs.</summary>
    internal TypeInference Bound() =>
        TypeInference.Bind(
            _graph,
            _inputs.ToDictionary(input => input.Key, input => new BoundInput(input.Value.Sizes))
        );

    /// <summary>Types and sizes of the values as ONNX Runtime gives them.</summary>
    public IReadOnlyList<(ElementType Type, long[] Sizes)> Run(IReadOnlyList<Value> values)
    {
        foreach (var value in values)
            _graph.AddOutput(value);
        var file = Path.Combine(Path.GetTempPath(), $"sketch-{Guid.NewGuid():N}.onnx");
        try
        {
            OnnxFile.Save(Model, file);
            using var session = new InferenceSession(file);
            using var options = new RunOptions();
            var given = _inputs.ToDictionary(input => input.Key, input => Zeros(input.Value.Type, input.Value.Sizes));
            using var results = session.Run(options, given, [.. values.Select(value => value.Name)]);
            return [.. results.Select(result => Describe(result.GetTensorTypeAndShape()))];
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static (ElementType Type, long[] Sizes) Describe(OrtTensorTypeAndShapeInfo info) =>
        ((ElementType)(int)info.ElementDataType, info.Shape);

    private static OrtValue Zeros(ElementType type, long[] sizes) =>
        OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, (TensorElementType)(int)type, sizes)
            is var value
        && Cleared(value, type)
            ? value
            : throw new InvalidOperationException();

    private static bool Cleared(OrtValue value, ElementType type)
    {
        if (value.GetTensorTypeAndShape().ElementCount > 0)
            value.GetTensorMutableRawData().Clear();
        return type != ElementType.Undefined;
    }
}
