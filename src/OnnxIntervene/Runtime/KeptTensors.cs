using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxIntervene.IR;

namespace OnnxIntervene.Runtime;

/// <summary>
/// Tensors that stay in ONNX Runtime from one run to the next: fed to inputs as they are, or memory that outputs are
/// written into. Whoever puts values in owns them; the memory is its own. What a device computes stays on the device.
/// </summary>
internal sealed class KeptTensors(OutputPlaces places) : IDisposable
{
    private readonly Dictionary<string, OrtValue> _inputs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OrtValue> _outputs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OrtMemoryInfo> _devices = new(StringComparer.Ordinal);
    private readonly List<IDisposable> _owned = [];
    private TensorRing? _ring;

    /// <summary>
    /// Whether ONNX Runtime gives back, after the next run, the memory of this process that it would keep for another
    /// run of that size.
    /// </summary>
    public bool GivesBack { get; set; }

    /// <summary>Has outputs of later runs stay where they are computed.</summary>
    public void Leave(IEnumerable<string> outputs)
    {
        foreach (var output in outputs)
        {
            if (places.DeviceOf(output) is { } device)
                _devices[output] = device;
        }
    }

    /// <summary>Feeds what an earlier run computed.</summary>
    public void Feed(string input, TensorValue value) => _inputs[input] = value.Value;

    /// <summary>
    /// Feeds memory to inputs, and has outputs written into the same memory, until this is disposed: a device's memory
    /// where the session computes the output on one, else this process's. Its contents are left as they are.
    /// </summary>
    /// <param name="pairs">The inputs and outputs.</param>
    /// <exception cref="InterventionException">There is no such amount of memory.</exception>
    public void Share(IReadOnlyList<SharedPair> pairs)
    {
        Leave(pairs.Select(pair => pair.Output));
        foreach (var pair in pairs.Where(pair => _devices.ContainsKey(pair.Output)))
            Share(pair, Allocate(pair, _devices[pair.Output]));
        var others = pairs.Where(pair => !_devices.ContainsKey(pair.Output)).ToList();
        if (others.Count == 0)
            return;
        var block = Own(new TensorBlock(others));
        for (var place = 0; place < others.Count; place++)
            Share(others[place], Own(block.Tensor(place, others[place].Shape)));
    }

    /// <summary>
    /// Has outputs written where the inputs of the layer before them were, from one run to the next, until this is
    /// disposed.
    /// </summary>
    /// <inheritdoc cref="TensorRing(IReadOnlyList{IReadOnlyList{SharedPair}})"/>
    public void Rotate(IReadOnlyList<IReadOnlyList<SharedPair>> layers) => _ring = Own(new TensorRing(layers));

    /// <summary>Makes room for outputs of the next run, where they go in a ring.</summary>
    /// <param name="length">How many positions they have.</param>
    public void MakeRoom(int length)
    {
        foreach (var (output, memory) in _ring?.Outputs(length) ?? [])
            _outputs[output] = memory;
    }

    /// <summary>Feeds what the run has written into a ring to the next one.</summary>
    public void Turn()
    {
        foreach (var (input, memory) in _ring?.Turn() ?? [])
            _inputs[input] = memory;
    }

    /// <summary>
    /// Puts the first positions of what another one holds for inputs where this one holds them, or into memory of its
    /// own where there is none yet.
    /// </summary>
    /// <param name="inputs">The inputs, <c>[batch, heads, position, width]</c>.</param>
    /// <param name="other">Where it is copied from.</param>
    /// <param name="count">How many positions.</param>
    public void Take(IEnumerable<string> inputs, KeptTensors other, int count)
    {
        foreach (var (input, memory) in _ring?.Start(count) ?? [])
            _inputs[input] = memory;
        foreach (var input in inputs)
            Take(input, other, count);
    }

    private void Take(string input, KeptTensors other, int count)
    {
        var source = other._inputs[input];
        var info = source.GetTensorTypeAndShape();
        long[] shape = [.. info.Shape];
        if (!_inputs.TryGetValue(input, out var target))
        {
            long[] taken = [shape[0], shape[1], count, shape[3]];
            target = Own(
                OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, info.ElementDataType, taken)
            );
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
        foreach (var (name, device) in _devices)
            binding.Leave(name, device);
        binding.GivesBack = GivesBack && !places.HasDevice;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // A tensor before the allocator that gave its memory.
        foreach (var owned in Enumerable.Reverse(_owned))
            owned.Dispose();
        _owned.Clear();
    }

    private void Share(SharedPair pair, OrtValue memory)
    {
        _inputs[pair.Input] = memory;
        _outputs[pair.Output] = memory;
    }

    private OrtValue Allocate(SharedPair pair, OrtMemoryInfo device)
    {
        var size = TensorBlock.ByteCount(pair);
        try
        {
            var allocator = Own(places.AllocatorOf(device));
            long[] shape = [.. pair.Shape.Select(length => (long)length)];
            return Own(OrtValue.CreateAllocatedTensorValue(allocator, (TensorElementType)pair.Type, shape));
        }
        catch (OnnxRuntimeException fault)
        {
            throw TensorBlock.Refusal(size, fault);
        }
    }

    private T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }
}
