using System.Collections.Immutable;

namespace OnnxIntervene.Hub;

/// <summary>What has been pulled.</summary>
/// <param name="Commit">The commit that the revision meant.</param>
/// <param name="Folder">The folder that holds the files: the cache's snapshot, or the one that was asked for.</param>
/// <param name="Files">The files.</param>
/// <param name="Downloaded">How many of them were downloaded.</param>
public sealed record HubPull(string Commit, string Folder, ImmutableArray<HubFile> Files, int Downloaded);
