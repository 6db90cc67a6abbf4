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
    /// Feeds memory to an input, and has an output written into the same memory, until this is disposed. What is in
    /// the memory is left as it is: a system gives memory when it is first written, and most texts end early.
    /// </summary>
    /// <exception cref="InterventionException">There is no such amount of memory.</exception>
    public void Share(string input, string output, ElementType type, ReadOnlySpan<int> shape)
    {
        var memory = Memory(type, shape);
        _memory.Add(memory);
        _inputs[input] = memory;
        _outputs[output] = memory;
    }

    /// <summary>
    /// Puts the first positions of what another one holds for an input where this one holds it, or into memory of its
    /// own where there is none yet.
    /// </summary>
    /// <param name="input">The input, <c>[batch, heads, position, width]</c>.</param>
    /// <param name="other">Where it is copied from.</param>
    /// <param name="count">How many positions.</param>
    public void Take(string input, KeptTensors other, int count)
    {
        var source = other._inputs[input];
        var info = source.GetTensorTypeAndShape();
        long[] shape = [.. info.Shape];
        if (!_inputs.TryGetValue(input, out var target))
        {
            target = OrtValue.CreateAllocatedTensorValue(
                OrtAllocator.DefaultInstance,
                info.ElementDataType,
                [shape[0], shape[1], count, shape[3]]
            );
            _memory.Add(target);
            _inputs[input] = target;
        }

        CopyRows(source, target, (int)(shape[0] * shape[1]), (int)shape[2], count);
    }

    // A row is a head's positions one after the other.
    private static void CopyRows(OrtValue source, OrtValue target, int rows, int length, int count)
    {
        var from = source.GetTensorMutableRawData();
        var to = target.GetTensorMutableRawData();
        var unit = from.Length / rows / length;
        for (var row = 0; row < rows; row++)
            from.Slice(row * length * unit, count * unit).CopyTo(to[(row * (to.Length / rows))..]);
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

    private static OrtValue Memory(ElementType type, ReadOnlySpan<int> shape)
    {
        var sizes = shape.ToArray().Select(size => (long)size).ToArray();
        SizeProduct.ToMake((type.BitWidth() + 7) / 8, "The cache", sizes);
        return OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, (TensorElementType)type, sizes);
    }
}
