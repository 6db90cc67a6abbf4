using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxIntervene.IR;

namespace OnnxIntervene.Runtime;

/// <summary>
/// Tensors that stay in ONNX Runtime from one run to the next: fed to inputs as they are, or memory that outputs are
/// written into. Whoever puts them in owns them.
/// </summary>
internal sealed class KeptTensors
{
    private readonly Dictionary<string, OrtValue> _inputs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OrtValue> _outputs = new(StringComparer.Ordinal);

    /// <summary>Feeds what an earlier run computed.</summary>
    public void Feed(string input, TensorValue value) => _inputs[input] = value.Value;

    /// <summary>Feeds memory to an input, and has an output written into the same memory.</summary>
    public void Share(string input, string output, OrtValue memory)
    {
        _inputs[input] = memory;
        _outputs[output] = memory;
    }

    /// <summary>Adds all of them to a run.</summary>
    public void AddTo(RunBinding binding)
    {
        foreach (var (name, value) in _inputs)
            binding.Refer(name, value);
        foreach (var (name, value) in _outputs)
            binding.Place(name, value);
    }

    /// <summary>Memory of zeros that ONNX Runtime owns. The caller disposes it.</summary>
    /// <exception cref="InterventionException">There is no such amount of memory.</exception>
    public static OrtValue Zeros(ElementType type, ReadOnlySpan<int> shape)
    {
        var sizes = shape.ToArray().Select(size => (long)size).ToArray();
        SizeProduct.ToMake((type.BitWidth() + 7) / 8, "The cache", sizes);
        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, (TensorElementType)type, sizes);
        value.GetTensorMutableRawData().Clear();
        return value;
    }
}
