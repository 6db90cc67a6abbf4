using System.Collections.Immutable;

namespace OnnxIntervene.Steering;

/// <summary>A steering vector, and how well its directions tell the examples apart.</summary>
/// <param name="Vector">The directions.</param>
/// <param name="Separations">
/// For each layer, the share of pairs whose positive example lies farther along the direction than the negative one,
/// from 0 to 1; 0.5 is chance.
/// </param>
public sealed record FittedSteering(SteeringVector Vector, ImmutableSortedDictionary<int, double> Separations);
