using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Gradients.Losses;

/// <summary>The number that is differentiated: what it is computed from, and what it is compared with.</summary>
public abstract record Loss
{
    private protected Loss() { }

    /// <summary>The model's output that the loss is computed from; null for the first.</summary>
    public string? Output { get; init; }

    /// <summary>What two losses must have in common to be computed by one session.</summary>
    internal abstract string Structure { get; }

    /// <summary>Writes the loss, a 32-bit scalar, after an output of the model.</summary>
    internal abstract Value Write(LossGraph graph, Value output);

    /// <summary>The right class of each row, integers; null where the loss has no right classes.</summary>
    internal virtual NumericArray? Targets => null;

    /// <summary>Refuses labels that are not among an output's classes.</summary>
    /// <param name="classes">How many classes there are; 0 where that is not known.</param>
    /// <exception cref="InterventionException">A label is no class.</exception>
    internal virtual void CheckClasses(int classes) { }

    /// <summary>What a run feeds the inputs that <see cref="Write"/> has added.</summary>
    /// <exception cref="InterventionException">The loss does not fit the inputs.</exception>
    internal abstract IEnumerable<KeyValuePair<string, NumericArray>> Feeds(ModelInputs inputs, int outputAxes);
}
