using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Checking.Runs;

/// <summary>What one run computed at every component, and its first output.</summary>
internal sealed class Snapshot(IReadOnlyDictionary<ComponentAddress, NumericArray> values, NumericArray? output)
{
    /// <summary>The model's first output; null where it is not numbers.</summary>
    public NumericArray? Output => output;

    /// <summary>The component's tensor, <c>[batch, position, width]</c> or <c>[batch, head, query, key]</c>.</summary>
    public NumericArray this[ComponentAddress address] => values[address];
}
