using System.Collections.Immutable;

namespace OnnxIntervene.Hub;

/// <summary>A repository's files at a commit.</summary>
/// <param name="Commit">The commit, 40 hexadecimal digits.</param>
/// <param name="Files">The files, as the server lists them.</param>
public sealed record HubSnapshot(string Commit, ImmutableArray<HubFile> Files);
