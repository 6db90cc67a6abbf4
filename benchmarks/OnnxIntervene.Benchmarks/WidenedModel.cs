using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;

namespace OnnxIntervene.Benchmarks;

/// <summary>
/// A small export made several times as wide, with as many times as many heads and random weights: the operators of an
/// exporter at the size of a real model, without its weights. Heads must be told by sizes, as TorchScript's exports of
/// rotary models do.
/// </summary>
internal static class WidenedModel
{
    // What is narrower is a head, or a part of one.
    private const int Narrowest = 32;
    private const int HeadAxis = 1;
    private const double Deviation = 0.02;
    private static readonly string[] s_caches = ["past_key_values.", "present."];

    /// <summary>Writes the model to a folder.</summary>
    public static void Write(string path, int factor, string folder)
    {
        var model = OnnxFile.Load(path);
        var graph = model.Graph;
        var vocabulary = graph.Outputs[0].Type!.Shape![-1].Size ?? 0;
        var random = new Random(0);
        foreach (
            var weight in graph.Initializers.Where(weight => weight.Initializer!.ElementType == ElementType.Float32)
        )
            weight.Initializer = Widened(weight.Initializer!, factor, vocabulary, random);
        foreach (var value in graph.AllValues().Where(value => value.Producer is not null).Except(graph.Outputs))
            value.Type = value.Type is { } type ? new TensorType(type.ElementType, null) : null;
        foreach (var cache in graph.Inputs.Concat(graph.Outputs).Where(IsCache))
            cache.Type = WithHeads(cache, factor);
        Directory.CreateDirectory(folder);
        OnnxFile.Save(model, Path.Combine(folder, "model.onnx"));
    }

    private static TensorData Widened(TensorData weight, int factor, long vocabulary, Random random)
    {
        long[] sizes =
        [
            .. weight.Dimensions.Select(size => size >= Narrowest && size != vocabulary ? size * factor : size),
        ];
        var own = weight.ReadFloats();
        if (sizes.SequenceEqual(weight.Dimensions))
            return weight;
        var values = new float[sizes.Aggregate(1L, (product, size) => product * size)];
        for (var index = 0; index < values.Length; index++)
            values[index] =
                sizes.Length == 1
                    ? own[index % own.Length]
                    : (float)(
                        Deviation
                        * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()))
                        * Math.Cos(2 * Math.PI * random.NextDouble())
                    );
        return TensorData.FromFloats(sizes, values);
    }

    private static bool IsCache(Value value) =>
        s_caches.Any(prefix => value.Name.StartsWith(prefix, StringComparison.Ordinal));

    private static TensorType WithHeads(Value cache, int factor)
    {
        var shape = cache.Type!.Shape!;
        var heads = Dimension.Fixed(shape[HeadAxis].Size!.Value * factor);
        return new TensorType(cache.Type.ElementType, new Shape(shape.Dimensions.SetItem(HeadAxis, heads)));
    }
}
