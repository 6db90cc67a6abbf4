using System.Collections.Immutable;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Execution.Results;

/// <summary>
/// What an intervened run computed. The numbers stay in ONNX Runtime until they are asked for. Owns native memory:
/// dispose it early, or leave it to the garbage collector.
/// </summary>
public sealed class RunResult : IDisposable
{
    private readonly Lazy<ImmutableArray<NumericArray>> _collected;

    internal RunResult(ModelOutput intervened, ModelOutput? original, Func<ImmutableArray<NumericArray>> collected)
    {
        Intervened = intervened;
        Original = original;
        _collected = new Lazy<ImmutableArray<NumericArray>>(collected);
    }

    /// <summary>The model's outputs with the interventions.</summary>
    public ModelOutput Intervened { get; }

    /// <summary>The model's outputs without them, when they were asked for.</summary>
    public ModelOutput? Original { get; }

    /// <summary>Every output with the interventions that is a tensor of numbers or booleans, by name.</summary>
    public IReadOnlyDictionary<string, TensorValue> Outputs => Intervened.Outputs;

    /// <summary>
    /// What each Collect intervention read, in the configuration's order: <c>[batch, units, width]</c>, <c>[batch,
    /// heads, positions, width]</c> for head components, <c>[batch, heads, query, key]</c> for <c>attention_weight</c>.
    /// </summary>
    public ImmutableArray<NumericArray> Collected => _collected.Value;

    /// <inheritdoc/>
    public void Dispose()
    {
        Intervened.Dispose();
        Original?.Dispose();
    }
}
