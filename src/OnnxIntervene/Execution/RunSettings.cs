using System.Collections.Immutable;
using OnnxIntervene.Formats;

namespace OnnxIntervene.Execution;

/// <summary>What one run may set besides inputs and locations.</summary>
public sealed record RunSettings
{
    /// <summary>The coefficient of each intervention, 1 where left out.</summary>
    public ImmutableArray<Coefficient> Coefficients { get; init; } = [];

    /// <summary>Constant sources by intervention, in place of the configuration's; null entries leave these.</summary>
    public ImmutableArray<NumericArray?> SourceRepresentations { get; init; } = [];

    /// <summary>Whether the run without interventions is wanted too.</summary>
    public bool OutputOriginalOutput { get; init; }
}
