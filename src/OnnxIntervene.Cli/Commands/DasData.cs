using System.Collections.Immutable;
using OnnxIntervene.Studies.Alignment;

namespace OnnxIntervene.Cli.Commands;

/// <summary>The interchanges of an alignment search.</summary>
/// <param name="Training">What is trained on.</param>
/// <param name="Test">What is measured on.</param>
/// <param name="Variables">
/// The variables that are looked for, in the order of the sources: the names that a causal model gives them, else their
/// numbers.
/// </param>
internal sealed record DasData(InterchangeDataSet Training, InterchangeDataSet Test, ImmutableArray<string> Variables);
