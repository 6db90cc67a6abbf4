using System.Collections.Immutable;

namespace OnnxIntervene.Runtime;

/// <summary>An input that a run feeds.</summary>
/// <param name="Name">The input of the rewritten model.</param>
/// <param name="Shape">The sizes of what is fed.</param>
public sealed record FedInput(string Name, ImmutableArray<long> Shape);
