using System.Collections.Immutable;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Testing.Hostile;

/// <summary>Well-formed contents of files that the references do not hold, to be broken.</summary>
public static class HostileSamples
{
    /// <summary>An adapter of ONNX Runtime with parameters of several types.</summary>
    public static OnnxAdapter Adapter() =>
        new(
            new Dictionary<string, TensorData>
            {
                ["intervene/0/source"] = TensorData.FromFloats([1, 1, 3], [1, -2, 3]),
                ["halves"] = TensorData.Rounded(ElementType.Float16, [2, 2], [1, 2, 3, 4]),
                ["numbers"] = TensorData.FromIntegers([2], [7, -8]),
            }.ToImmutableSortedDictionary(StringComparer.Ordinal)
        );

    /// <summary>A LoReFT of width 4 and rank 2, by pyreft's names.</summary>
    public static IEnumerable<KeyValuePair<string, TorchTensor>> Loreft() =>
        [
            new("learned_source.weight", Tensor([1, 2, 3, 4, 5, 6, 7, 8], 2, 4)),
            new("learned_source.bias", Tensor([1, 2], 2)),
            new("rotate_layer", Tensor([1, 0, 0, 1, 0, 0, 0, 0], 4, 2)),
        ];

    private static TorchTensor Tensor(float[] numbers, params int[] shape) =>
        new(NumericArray.Of(numbers, shape), ElementType.Float32);
}
