using System.ComponentModel;
using System.Runtime.InteropServices;

namespace OnnxIntervene.IR.Files;

/// <summary>System calls on folders that the framework lacks. Windows has none of them.</summary>
internal static class FolderCalls
{
    private const int CurrentFolder = -100;
    private const uint Exchange = 2;
    private const int LockAtOnce = 2 | 4;
    private static readonly bool s_isMac = OperatingSystem.IsMacOS();

    // By number, since their text depends on the language: no room, the quota, a broken disk.
    private static readonly int[] s_diskFaults = s_isMac ? [28, 69, 5] : [28, 122, 5];
    private static readonly int s_wouldBlock = s_isMac ? 35 : 11;

    /// <summary>
    /// Whether a fault says that a folder cannot be used in this way, and not that the disk is full or broken.
    /// </summary>
    public static bool IsRefusal(Exception fault) =>
        fault is UnauthorizedAccessException
        || (
            fault is IOException
            && !s_diskFaults.Contains(
                fault.InnerException is Win32Exception cause ? cause.NativeErrorCode : fault.HResult
            )
        );

    /// <summary>Writes a folder's list of names to the disk.</summary>
    /// <exception cref="IOException">The disk is full or broken.</exception>
    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows() || Open(folder, 0) is var file && file < 0)
            return;
        var fault = Fsync(file) == 0 ? 0 : Marshal.GetLastPInvokeError();
        _ = Close(file);
        // Some file systems cannot flush a folder, and need not.
        if (s_diskFaults.Contains(fault))
            throw Fault($"'{folder}' cannot be written to the disk", fault);
    }

    /// <summary>
    /// Exchanges two folders in one step; false where the system or the file system cannot, or a folder is mounted.
    /// </summary>
    /// <exception cref="IOException">The disk is full or broken; nothing was exchanged.</exception>
    public static bool TryExchange(string one, string other)
    {
        if (OperatingSystem.IsWindows())
            return false;
        try
        {
            var isDone = s_isMac
                ? RenameExtended(one, other, Exchange) == 0
                : RenameAt(CurrentFolder, one, CurrentFolder, other, Exchange) == 0;
            var fault = isDone ? 0 : Marshal.GetLastPInvokeError();
            return s_diskFaults.Contains(fault) ? throw Fault($"'{other}' cannot be replaced", fault) : isDone;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    /// <summary>
    /// A handle that locks a folder against others that lock it; null while another has it, -1 where there are no
    /// locks.
    /// </summary>
    public static int? TryLock(string folder)
    {
        if (OperatingSystem.IsWindows() || Open(folder, 0) is var file && file < 0)
            return -1;
        if (Flock(file, LockAtOnce) == 0)
            return file;
        var fault = Marshal.GetLastPInvokeError();
        _ = Close(file);
        return fault == s_wouldBlock ? null : -1;
    }

    /// <summary>Ends a lock.</summary>
    public static void Unlock(int handle)
    {
        if (handle >= 0)
            _ = Close(handle);
    }

    private static IOException Fault(string what, int number)
    {
        var cause = new Win32Exception(number);
        return new IOException($"{what}: {cause.Message}.", cause);
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Fsync(int file);

    [DllImport("libc", EntryPoint = "flock", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Flock(int file, int operation);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int file);

    [DllImport("libc", EntryPoint = "renameat2", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int RenameAt(
        int oneFolder,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string one,
        int otherFolder,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string other,
        uint flags
    );

    [DllImport("libc", EntryPoint = "renamex_np", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int RenameExtended(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string one,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string other,
        uint flags
    );
}
