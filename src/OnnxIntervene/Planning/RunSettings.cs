using System.Collections.Immutable;
using OnnxIntervene.Interventions;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Planning;

/// <summary>What one run may set besides inputs and locations.</summary>
public sealed record RunSettings
{
    /// <summary>The coefficient of each intervention, 1 where left out.</summary>
    public ImmutableArray<Coefficient> Coefficients { get; init; } = [];

    /// <summary>Constant sources by intervention, in place of the configuration's; null entries leave these.</summary>
    public ImmutableArray<NumericArray?> SourceRepresentations { get; init; } = [];

    /// <summary>Which part of the space each intervention changes; all of it where left out.</summary>
    public Subspaces Subspaces { get; init; } = Subspaces.Whole;

    /// <summary>
    /// The model's outputs that are wanted, by name. What only the others need is not computed. All of them where left
    /// out.
    /// </summary>
    public ImmutableArray<string> Outputs { get; init; }

    /// <summary>
    /// The positions at which logits are wanted: <c>UnitLocation.At(-1)</c> is the last token of each example, padding
    /// left aside. The first output is then <c>[batch, chosen, vocabulary]</c>, and where the model allows it the
    /// product with the vocabulary's matrix is computed for these positions alone. All positions where left out.
    /// </summary>
    public UnitLocation? LogitPositions { get; init; }

    /// <summary>Whether the run without interventions is wanted too.</summary>
    public bool OutputOriginalOutput { get; init; }

    /// <summary>The coefficient of an intervention: one for all, or one each.</summary>
    internal Coefficient CoefficientOf(int index) =>
        Coefficients.Length switch
        {
            0 => Coefficient.One,
            1 => Coefficients[0],
            _ => Coefficients[index],
        };

    /// <summary>The constant source of an intervention: the run's own, or the configuration's; null for none.</summary>
    internal NumericArray? SourceOf(int index, RepresentationConfig representation) =>
        SourceRepresentations.Length > index && SourceRepresentations[index] is { } given
            ? given
            : representation.SourceRepresentation;
}
