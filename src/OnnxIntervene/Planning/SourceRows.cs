using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Planning;

/// <summary>
/// What one intervention writes: what a source's run read, still in ONNX Runtime, or what a function returned.
/// </summary>
internal sealed class SourceRows
{
    private readonly NumericArray? _made;

    public SourceRows(TensorValue value) => Value = value;

    public SourceRows(NumericArray made) => _made = made;

    /// <summary>The value in ONNX Runtime; null where a function returned the rows.</summary>
    public TensorValue? Value { get; }

    /// <summary>The numbers, copied out of ONNX Runtime if need be.</summary>
    public NumericArray Array => _made ?? Value!.Array;
}
