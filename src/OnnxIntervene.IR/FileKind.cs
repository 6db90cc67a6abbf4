using System.Runtime.InteropServices;
using System.Text;

namespace OnnxIntervene.IR;

/// <summary>
/// What a path leads to, found without opening it. The framework does not tell a pipe from a file; Linux does (statx,
/// whose structure is the same on every processor).
/// </summary>
internal static class FileKind
{
    private const int CurrentFolder = -100;
    private const uint WantsType = 1;
    private const int StructureBytes = 256;
    private const int ModeOffset = 28;
    private const int TypeMask = 0xF000;

    /// <summary>
    /// "a pipe", "a device" and the like; null for a file, for nothing, and where the system does not tell.
    /// </summary>
    public static string? Of(string path)
    {
        if (!OperatingSystem.IsLinux() || path.Contains('\0', StringComparison.Ordinal))
            return null;
        var structure = new byte[StructureBytes];
        return IsKnown(path, structure) ? Name(BitConverter.ToUInt16(structure, ModeOffset) & TypeMask) : null;
    }

    private static bool IsKnown(string path, byte[] structure)
    {
        try
        {
            return Statx(CurrentFolder, Encoding.UTF8.GetBytes(path + '\0'), 0, WantsType, structure) == 0;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    // Numbers of inode(7).
    private static string? Name(int type) =>
        type switch
        {
            0x1000 => "a pipe",
            0x2000 or 0x6000 => "a device",
            0x4000 => "a folder",
            0xC000 => "a socket",
            _ => null,
        };

    [DllImport("libc", EntryPoint = "statx")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Statx(int folder, byte[] path, int flags, uint mask, byte[] structure);
}
