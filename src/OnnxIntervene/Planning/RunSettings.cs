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

    /// <summary>Whether the run without interventions is wanted too.</summary>
    public bool OutputOriginalOutput { get; init; }
}
