namespace OnnxIntervene.Hub;

/// <summary>How far the transfer of a file has come.</summary>
/// <param name="Path">The file's path in the repository.</param>
/// <param name="Done">Bytes that have arrived.</param>
/// <param name="Total">Bytes of the file.</param>
public sealed record HubProgress(string Path, long Done, long Total);
