namespace OnnxIntervene.IR.Files;

/// <summary>
/// The turn to change the names in a folder. Whoever saves takes it, so that two saves never replace each other's
/// files half way. It ends with the process, however that ends.
/// </summary>
internal sealed class FolderTurn : IDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(30);
    private readonly int _handle;

    private FolderTurn(int handle) => _handle = handle;

    /// <summary>Waits for the turn.</summary>
    /// <exception cref="IOException">Another process has kept it too long.</exception>
    public static FolderTurn Take(string folder)
    {
        for (var waited = TimeSpan.Zero; waited < s_longestWait; waited += s_pause)
        {
            if (FolderCalls.TryLock(folder) is { } handle)
                return new FolderTurn(handle);
            Thread.Sleep(s_pause);
        }

        throw new IOException($"Another process keeps '{folder}' locked. End it, or choose another folder.");
    }

    public void Dispose() => FolderCalls.Unlock(_handle);
}
