using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.IR;

namespace OnnxIntervene.Runtime;

/// <summary>
/// Memory for tensors that grow from run to run, layer by layer: a place for each layer and one more. A layer's new
/// tensors are written where those of the layer before it were, which nothing reads by then, so that only one layer is
/// held twice. Owns its memory.
/// </summary>
internal sealed class TensorRing : IDisposable
{
    private const int LengthAxis = 2;
    private readonly IReadOnlyList<IReadOnlyList<SharedPair>> _layers;
    private readonly TensorBlock _block;
    private readonly List<OrtValue> _given = [];
    private int _start;
    private int _next;

    /// <param name="layers">
    /// Each layer's inputs and outputs, in the order of computation; sizes are the same in every layer, those of a
    /// text that is as long as it can become.
    /// </param>
    /// <exception cref="InterventionException">There is no such amount of memory.</exception>
    public TensorRing(IReadOnlyList<IReadOnlyList<SharedPair>> layers)
    {
        _layers = layers;
        _block = new TensorBlock([.. layers.Append(layers[0]).SelectMany(layer => layer)]);
    }

    /// <summary>What the next run is fed, before anything has run.</summary>
    /// <param name="length">How many positions there are; the caller writes them.</param>
    public IEnumerable<(string Input, OrtValue Memory)> Start(int length) =>
        Tensors(1, length).Select(tensor => (tensor.Pair.Input, tensor.Memory));

    /// <summary>Where the outputs of the next run go.</summary>
    /// <param name="length">How many positions they have.</param>
    public IEnumerable<(string Output, OrtValue Memory)> Outputs(int length)
    {
        _next = length;
        return Tensors(0, length).Select(tensor => (tensor.Pair.Output, tensor.Memory));
    }

    /// <summary>
    /// Makes the outputs of the run that has ended what the next one is fed; tensors that were given before are no
    /// longer to be used.
    /// </summary>
    public IEnumerable<(string Input, OrtValue Memory)> Turn()
    {
        DisposeGiven();
        _start = (_start + _layers.Count) % (_layers.Count + 1);
        return Start(_next);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        DisposeGiven();
        _block.Dispose();
    }

    private void DisposeGiven()
    {
        foreach (var tensor in _given)
            tensor.Dispose();
        _given.Clear();
    }

    // A layer's outputs go a place before its inputs; the place before the first layer's is free.
    private IEnumerable<(SharedPair Pair, OrtValue Memory)> Tensors(int shift, int length)
    {
        var width = _layers[0].Count;
        for (var layer = 0; layer < _layers.Count; layer++)
        {
            var place = (_start + layer + shift) % (_layers.Count + 1);
            for (var index = 0; index < width; index++)
            {
                var pair = _layers[layer][index];
                var tensor = _block.Tensor((place * width) + index, pair.Shape.SetItem(LengthAxis, length));
                _given.Add(tensor);
                yield return (pair, tensor);
            }
        }
    }
}
