using System.Collections.Immutable;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Planning;

/// <summary>What a run of a configuration will do, reported before it runs.</summary>
/// <param name="Sites">What each intervention touches, in the configuration's order.</param>
/// <param name="AddedNodes">How many more nodes the rewritten graph has than the file's.</param>
/// <param name="Runs">
/// The runs of the model in order, each with the inputs that it is fed besides the model's own defaults.
/// </param>
public sealed record RunExplanation(
    ImmutableArray<SiteExplanation> Sites,
    int AddedNodes,
    ImmutableArray<(string Run, ImmutableArray<FedInput> Inputs)> Runs
);
