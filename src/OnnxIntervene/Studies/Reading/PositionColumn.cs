using System.Collections.Immutable;

namespace OnnxIntervene.Studies.Reading;

/// <summary>A position that all prompts of a study have.</summary>
/// <param name="Label">Its number, or its name.</param>
/// <param name="Positions">Where it is in each prompt, counted from 0.</param>
public sealed record PositionColumn(string Label, ImmutableArray<int> Positions);
