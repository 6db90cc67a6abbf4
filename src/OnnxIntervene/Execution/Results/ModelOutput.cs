using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Execution.Results;

/// <summary>
/// What a model computed. The numbers stay in ONNX Runtime until they are asked for. Owns native memory: dispose it
/// early, or leave it to the garbage collector.
/// </summary>
public sealed class ModelOutput : IDisposable
{
    private readonly IReadOnlyList<TensorValue> _values;
    private readonly Lazy<NumericArray> _logits;

    internal ModelOutput(IReadOnlyList<TensorValue> values, Func<NumericArray, NumericArray>? choose = null)
    {
        _values = values;
        Outputs = values.ToDictionary(value => value.Name, StringComparer.Ordinal);
        _logits = new Lazy<NumericArray>(() => choose is null ? First.Array : choose(First.Array));
    }

    /// <summary>Every output that was wanted and is a tensor of numbers or booleans, by name.</summary>
    public IReadOnlyDictionary<string, TensorValue> Outputs { get; }

    /// <summary>
    /// The first output, whatever its name; for language models the logits <c>[batch, position, vocabulary]</c>. Copied
    /// when it is first asked for.
    /// </summary>
    public NumericArray Logits => _logits.Value;

    /// <summary>
    /// The logits of one example at one position, the last one when <paramref name="position"/> is negative. Copies no
    /// others.
    /// </summary>
    public ReadOnlyMemory<float> LogitsAt(int example, int position)
    {
        if (_logits.IsValueCreated || First.Shape.Length != 3)
            return Logits.RowAt(example, position);
        var (length, width) = ((int)First.Shape[1], (int)First.Shape[2]);
        var index = position < 0 ? length + position : position;
        return First.ReadFloats(((example * length) + index) * width, width);
    }

    private TensorValue First =>
        _values.Count > 0 ? _values[0] : throw new InvalidOperationException("No output of the model was wanted.");

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var value in _values)
            value.Dispose();
    }
}
