using OnnxIntervene.Planning;

namespace OnnxIntervene.Training;

/// <summary>The way forward of one run of a source, for the way back.</summary>
/// <param name="Run">The run.</param>
/// <param name="Part">Its sites.</param>
/// <param name="Session">Its sessions.</param>
/// <param name="Feeds">What it was fed.</param>
internal sealed record SourceWay(SourceRun Run, PlanPart Part, SourceSession Session, SourceFeeds Feeds);
