using System.ComponentModel;
using System.Runtime.InteropServices;

namespace OnnxIntervene.IR.Files;

/// <summary>Creates a hard link to a file. The framework has no call for it.</summary>
internal static class HardLink
{
    /// <exception cref="IOException">
    /// The file system has no hard links, or the two names are on different drives.
    /// </exception>
    public static void Create(string existing, string name)
    {
        var isDone = OperatingSystem.IsWindows()
            ? CreateHardLink(name, existing, IntPtr.Zero)
            : Link(existing, name) == 0;
        if (!isDone)
        {
            var fault = new Win32Exception(Marshal.GetLastPInvokeError());
            throw new IOException(
                $"'{name}' cannot be hard-linked to '{existing}' ({fault.Message}). Choose a folder on the same "
                    + $"drive, or copy the weights.",
                fault
            );
        }
    }

    [DllImport(
        "libc",
        EntryPoint = "link",
        SetLastError = true,
        CharSet = CharSet.Ansi,
        BestFitMapping = false,
        ThrowOnUnmappableChar = true
    )]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Link(string existing, string name);

    [DllImport("kernel32.dll", EntryPoint = "CreateHardLinkW", SetLastError = true, CharSet = CharSet.Unicode)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static extern bool CreateHardLink(string name, string existing, IntPtr reserved);
}
