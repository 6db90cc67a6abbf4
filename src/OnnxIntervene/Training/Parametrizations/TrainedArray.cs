using OnnxIntervene.Numerics;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training.Parametrizations;

/// <summary>
/// An array that training changes: the numbers that the optimiser moves, and what is computed of them.
/// </summary>
internal abstract class TrainedArray(NumericArray free) : IDisposable
{
    private NumericArray? _value;

    /// <summary>The numbers that the optimiser moves.</summary>
    public NumericArray Free { get; private set; } = free;

    /// <summary>The array that the intervention computes with.</summary>
    public NumericArray Value => _value ??= Compute();

    /// <summary>The value in torch's form; null where torch has no other form of it.</summary>
    public virtual OrthogonalParametrization? Parametrization => null;

    /// <summary>Whether weight decay applies to a number; X's diagonal counts reflections and stays.</summary>
    public virtual bool Decays(int index) => true;

    /// <summary>What a later process needs besides the free numbers to go on bit by bit, by name.</summary>
    public virtual IEnumerable<KeyValuePair<string, NumericArray>> State => [];

    /// <summary>Puts other free numbers in place.</summary>
    public void Move(NumericArray free)
    {
        Free = free;
        _value = null;
    }

    /// <summary>Puts back what <see cref="State"/> gave.</summary>
    public virtual void Restore(Func<string, NumericArray> state) { }

    /// <summary>d loss / d free numbers from d loss / d value.</summary>
    public abstract NumericArray Gradient(NumericArray gradient, CancellationToken cancellation);

    /// <inheritdoc/>
    public virtual void Dispose() { }

    private protected abstract NumericArray Compute();
}
