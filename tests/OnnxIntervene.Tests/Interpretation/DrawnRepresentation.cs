using System.Collections.Immutable;
using OnnxIntervene.Interventions;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Tests.Interpretation;

/// <summary>One intervention of a random run and its arguments.</summary>
/// <param name="Config">The intervention.</param>
/// <param name="Counts">How many units in each example.</param>
/// <param name="Source">Where its source is read.</param>
/// <param name="Base">Where it is written.</param>
/// <param name="Subspaces">Which dimensions a run means; null for all.</param>
/// <param name="Constant">A constant source of the run; null for none.</param>
internal sealed record DrawnRepresentation(
    RepresentationConfig Config,
    LocationDraw Counts,
    UnitLocation? Source,
    UnitLocation? Base,
    ImmutableArray<ImmutableArray<int>>? Subspaces,
    NumericArray? Constant
);
