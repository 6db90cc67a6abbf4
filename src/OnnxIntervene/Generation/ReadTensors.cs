using OnnxIntervene.Runtime;

namespace OnnxIntervene.Generation;

/// <summary>The cache of a text that was read, as ONNX Runtime holds it. Owns native memory.</summary>
/// <param name="kept">What the next token would be fed, by the names of inputs.</param>
/// <param name="present">The values that the last run computed.</param>
internal sealed class ReadTensors(KeptTensors kept, IReadOnlyList<TensorValue> present) : IDisposable
{
    /// <summary>What the next token would be fed.</summary>
    public KeptTensors Kept => kept;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var value in present)
            value.Dispose();
        kept.Dispose();
    }
}
