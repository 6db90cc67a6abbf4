using System.Collections.Immutable;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Planning;

/// <summary>One run that computes sources.</summary>
/// <param name="Inputs">What the model is run on.</param>
/// <param name="Reads">The interventions whose source it is.</param>
/// <param name="Writes">The interventions that are written in it, with what earlier runs read.</param>
internal sealed record SourceRun(ModelInputs Inputs, ImmutableArray<int> Reads, ImmutableArray<int> Writes);
