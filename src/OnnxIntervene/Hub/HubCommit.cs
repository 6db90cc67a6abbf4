using System.Collections.Immutable;

namespace OnnxIntervene.Hub;

/// <summary>The outcome of a push.</summary>
/// <param name="Commit">The commit that the branch is now at, 40 hexadecimal digits.</param>
/// <param name="Url">The commit's page.</param>
/// <param name="Files">
/// The paths of the files that it changed; none when the repository held all of them, and then there is no new commit.
/// </param>
public sealed record HubCommit(string Commit, Uri Url, ImmutableArray<string> Files);
