namespace OnnxIntervene.Hub;

/// <summary>A file of a repository.</summary>
/// <param name="Path">Its path in the repository, with slashes.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Hash">
/// SHA-256 of a large file; of another, git's own: SHA-1 over <c>blob</c>, the size and the contents. Lower-case
/// hexadecimal.
/// </param>
/// <param name="IsLarge">Whether it is kept by git's large file storage.</param>
public sealed record HubFile(string Path, long Size, string Hash, bool IsLarge);
