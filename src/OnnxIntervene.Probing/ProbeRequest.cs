using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Studies.Reading;

namespace OnnxIntervene.Probing;

/// <summary>
/// A linear probe (Alain and Bengio 2016, arXiv:1610.01644): can a class be read off a component by logistic
/// regression?
/// </summary>
public sealed record ProbeRequest
{
    /// <summary>The prompts, each with a label.</summary>
    public required ImmutableArray<StudyPrompt> Prompts { get; init; }

    /// <summary>The component that is read.</summary>
    public string Component { get; init; } = ComponentNames.BlockOutput;

    /// <summary>The layers; empty for all.</summary>
    public ImmutableArray<int> Layers
    {
        get;
        init => field = value.IsDefault ? [] : value;
    } = [];

    /// <summary>Where it is read.</summary>
    public PromptPositions Positions { get; init; } = PromptPositions.Last;

    /// <summary>The share of each class's examples that are held out, between 0 and 1.</summary>
    public double HeldOut { get; init; } = 0.2;

    /// <summary>How many random splits are fitted.</summary>
    public int Splits { get; init; } = 5;

    /// <summary>The seed of the splits and of the shuffled labels.</summary>
    public int Seed { get; init; }

    /// <summary>The weight of the squared length of the probe's weights in what is minimised.</summary>
    public float Regularization { get; init; } = 1;
}
