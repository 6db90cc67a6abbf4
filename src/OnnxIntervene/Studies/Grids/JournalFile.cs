using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using OnnxIntervene.IR;
using OnnxIntervene.Json;

namespace OnnxIntervene.Studies.Grids;

/// <summary>Opens the files of journals: one process writes such a file, and any may read it meanwhile.</summary>
internal static class JournalFile
{
    // A line holds a prompt's own runs, of which a trace has one for each sample of noise.
    private const int LongestLine = 1 << 26;

    // Linux's, macOS's and Windows' numbers.
    private static readonly int[] s_isLocked = [11, 35, unchecked((int)0x80070020)];

    /// <summary>Opens a file, or begins one, that this process alone writes.</summary>
    /// <exception cref="ModelFormatException">The path leads to something that is not a file.</exception>
    /// <exception cref="IOException">The file cannot be written, or another process is writing it.</exception>
    public static FileStream OpenToWrite(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        RegularFile.Check(path, message => new ModelFormatException(message));
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException fault) when (s_isLocked.Contains(fault.HResult))
        {
            throw new IOException(
                $"Another process is writing '{path}': the same part of the study runs already. Wait for it or end "
                    + "it, or choose another folder.",
                fault
            );
        }
    }

    /// <summary>Opens a file for reading, whether or not a process is writing it.</summary>
    /// <exception cref="ModelFormatException">The path leads to something that is not a file.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static FileStream OpenToRead(string path)
    {
        RegularFile.Check(path, message => new ModelFormatException(message));
        if (OperatingSystem.IsWindows())
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);

        // The framework asks for a lock for whatever it opens, and the writer has it.
        var handle = Open(path, 0);
        return handle >= 0
            ? new FileStream(new SafeFileHandle(handle, ownsHandle: true), FileAccess.Read)
            : throw new IOException($"'{path}' cannot be read: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    /// <summary>The whole lines of a file as JSON objects, from where it stands.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">What messages call it.</param>
    /// <param name="before">How many lines come before.</param>
    /// <exception cref="ModelFormatException">A line is not a JSON object, or longer than any of ours.</exception>
    public static IEnumerable<JournalLine> Lines(FileStream file, string path, int before = 0)
    {
        foreach (var line in WholeLines(file, path))
        {
            before++;
            var place = JsonText.Parse(line, JsonSource.File($"'{path}', line {before}")).WithObject();
            yield return new JournalLine(place, before, line.Length + 1);
        }
    }

    /// <summary>
    /// The lines of a file without their line feeds; what follows the last line feed was being written when a process
    /// ended, or is being written.
    /// </summary>
    /// <exception cref="ModelFormatException">A line is longer than any of ours.</exception>
    private static IEnumerable<byte[]> WholeLines(FileStream file, string path)
    {
        var buffer = new byte[1 << 16];
        var line = new MemoryStream();
        for (var count = file.Read(buffer); count > 0; count = file.Read(buffer))
        {
            var start = 0;
            for (var end = IndexOfEnd(buffer, start, count); end >= 0; end = IndexOfEnd(buffer, start, count))
            {
                line.Write(buffer, start, end - start);
                yield return line.ToArray();
                line.SetLength(0);
                start = end + 1;
            }

            line.Write(buffer, start, count - start);
            if (line.Length > LongestLine)
                throw new ModelFormatException($"'{path}' is not a journal of cells: a line is too long.");
        }
    }

    private static int IndexOfEnd(byte[] buffer, int start, int count) =>
        Array.IndexOf(buffer, (byte)'\n', start, count - start);

    [DllImport("libc", EntryPoint = "open", SetLastError = true, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
}

/// <summary>A line of a journal.</summary>
/// <param name="Place">What it says.</param>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Length">Its bytes, the line feed among them.</param>
internal readonly record struct JournalLine(JsonPlace Place, int Number, int Length);
