using System.Collections.Immutable;
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
    private readonly bool _isWhole;

    internal ModelOutput(IReadOnlyList<TensorValue> values, Func<NumericArray, NumericArray>? choose = null)
    {
        _values = values;
        _isWhole = choose is null;
        Outputs = values.ToDictionary(value => value.Name, StringComparer.Ordinal);
        _logits = new Lazy<NumericArray>(() => choose is null ? First.Array : choose(First.Array));
    }

    /// <summary>Every output that was wanted and is a tensor of numbers or booleans, by name.</summary>
    public IReadOnlyDictionary<string, TensorValue> Outputs { get; }

    /// <summary>
    /// The model's outputs that are not tensors of numbers or booleans; empty where outputs were chosen.
    /// </summary>
    public ImmutableArray<OtherOutput> LeftOut { get; internal init; } = [];

    /// <summary>The last position of each example that the mask keeps; empty where positions were chosen.</summary>
    internal ImmutableArray<int> LastPositions { get; init; } = [];

    /// <summary>How many positions the run was given.</summary>
    internal int Length { get; init; }

    /// <summary>
    /// The first output that is a tensor of numbers or booleans, whatever its name; for language models the logits
    /// <c>[batch, position, vocabulary]</c>. Copied
    /// when it is first asked for.
    /// </summary>
    public NumericArray Logits => _logits.Value;

    /// <summary>
    /// The logits of one example at one position; negative ones count from the example's last
    /// token, padding left aside. Copies no others.
    /// </summary>
    public ReadOnlyMemory<float> LogitsAt(int example, int position)
    {
        position = position < 0 ? LastPosition(example) + 1 + position : position;
        if (_logits.IsValueCreated || First.Shape.Length != 3)
            return Logits.RowAt(example, position);
        var (length, width) = ((int)First.Shape[1], (int)First.Shape[2]);
        return First.ReadFloats(((example * length) + position) * width, width);
    }

    /// <summary>The position in the logits of an example's last token, padding left aside.</summary>
    public int LastPosition(int example)
    {
        var length = _logits.IsValueCreated || !_isWhole ? Logits.Shape[1] : (int)First.Shape[1];
        return _isWhole && length == Length && example < LastPositions.Length ? LastPositions[example] : length - 1;
    }

    private TensorValue First =>
        _values.Count > 0
            ? _values[0]
            : throw new InvalidOperationException(
                LeftOut.IsEmpty
                    ? "No output of the model was wanted."
                    : $"No output of the model is a tensor of numbers: '{LeftOut[0].Name}' is {LeftOut[0].What}."
            );

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var value in _values)
            value.Dispose();
    }
}
