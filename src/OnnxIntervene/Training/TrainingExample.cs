using System.Collections.Immutable;
using OnnxIntervene.Interventions;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Training;

/// <summary>One example of a data set: a counterfactual, and what the model should say.</summary>
/// <param name="Base">What is intervened on, a batch of one.</param>
/// <param name="Sources">One for all interventions, or one each, batches of one; null entries skip.</param>
/// <param name="Label">The right token or class after the base's last token.</param>
public sealed record TrainingExample(ModelInputs Base, ImmutableArray<ModelInputs?> Sources, long Label)
{
    /// <summary>Where sources are read and the base written; null for everywhere.</summary>
    public UnitLocations? UnitLocations { get; init; }

    /// <summary>Which part of the space is changed; null for all of it.</summary>
    public Subspaces? Subspaces { get; init; }

    /// <summary>Where the example comes from, for messages; such as a line of a file.</summary>
    public string Origin { get; init; } = "";
}
