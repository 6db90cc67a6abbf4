using System.Collections.Immutable;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>One run of a sweep, which differs from a base's run in what it writes.</summary>
/// <param name="Base">The number of the base.</param>
/// <param name="Writes">What is written; nothing leaves the base's run as it is.</param>
internal sealed record SweepCell(int Base, ImmutableArray<CellWrite> Writes);

/// <summary>What a cell puts into one unit of a component.</summary>
/// <param name="Site">The number of the component among those of the sweep.</param>
/// <param name="Unit">The unit, as <see cref="UnitGrid"/> numbers it.</param>
/// <param name="Values">The unit's values.</param>
internal readonly record struct CellWrite(int Site, int Unit, ReadOnlyMemory<float> Values);
