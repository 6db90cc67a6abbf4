using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxIntervene.IR;

namespace OnnxIntervene.Runtime;

/// <summary>
/// Tensors that stay in ONNX Runtime from one run to the next: fed to inputs as they are, or memory that outputs are
/// written into. Whoever puts values in owns them; the memory is its own.
/// </summary>
internal sealed class KeptTensors : IDisposable
{
    private readonly Dictionary<string, OrtValue> _inputs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OrtValue> _outputs = new(StringComparer.Ordinal);
    private readonly List<OrtValue> _memory = [];

    /// <summary>Feeds what an earlier run computed.</summary>
    public void Feed(string input, TensorValue value) => _inputs[input] = value.Value;

    /// <summary>
    /// Feeds memory of zeros to an input, and has an output written into the same memory, until this is disposed.
    /// </summary>
    /// <exception cref="InterventionException">There is no such amount of memory.</exception>
    public void Share(string input, string output, ElementType type, ReadOnlySpan<int> shape)
    {
        var memory = Zeros(type, shape);
        _memory.Add(memory);
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

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var value in _memory)
            value.Dispose();
    }

    private static OrtValue Zeros(ElementType type, ReadOnlySpan<int> shape)
    {
        var sizes = shape.ToArray().Select(size => (long)size).ToArray();
        SizeProduct.ToMake((type.BitWidth() + 7) / 8, "The cache", sizes);
        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, (TensorElementType)type, sizes);
        value.GetTensorMutableRawData().Clear();
        return value;
    }
}
