namespace OnnxIntervene.Hub;

/// <summary>Checks before a transfer whether the disk has room.</summary>
internal static class HubSpace
{
    /// <summary>Refuses what does not fit.</summary>
    /// <exception cref="IOException">The disk has less room.</exception>
    public static void Require(Int128 bytes, string folder, string what)
    {
        var existing = Path.GetFullPath(folder);
        while (!Directory.Exists(existing))
            existing = Path.GetDirectoryName(existing)!;
        var free = new DriveInfo(
            OperatingSystem.IsWindows() ? Path.GetPathRoot(existing)! : existing
        ).AvailableFreeSpace;
        if (bytes > free)
        {
            throw new IOException(
                $"{what} needs {bytes} bytes in '{folder}', but the disk has {free} free. "
                    + "Make room, take less (--include, --exclude), or set HF_HUB_CACHE to another disk."
            );
        }
    }
}
