using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using OnnxIntervene.IR;

namespace OnnxIntervene.Runtime;

/// <summary>A file of weights in this process's memory, which is never written.</summary>
internal sealed class MappedFile : IDisposable
{
    // MADV_DONTNEED, on Linux and macOS alike.
    private const int NotNeeded = 4;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly string _path;

    public MappedFile(string path)
    {
        _path = path;
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
    }

    /// <summary>Where some of the file's bytes are in memory.</summary>
    /// <exception cref="ModelFormatException">The file has become shorter.</exception>
    public nint AddressOf(FileSpan span)
    {
        var size = (long)_view.SafeMemoryMappedViewHandle.ByteLength;
        return span.Offset + span.Length <= size
            ? _view.SafeMemoryMappedViewHandle.DangerousGetHandle() + (nint)span.Offset
            : throw new ModelFormatException(
                $"'{_path}' is shorter than it was: bytes {span.Offset} to {span.Offset + span.Length} are "
                    + $"no longer in it."
            );
    }

    /// <summary>
    /// Gives the pages back to the system, which reads them again where they are needed. Windows takes pages back by
    /// itself.
    /// </summary>
    public void Release()
    {
        if (OperatingSystem.IsWindows())
            return;
        var handle = _view.SafeMemoryMappedViewHandle;
        // Advice: a system that does not take it keeps the pages, and nothing is wrong.
        _ = Advise(handle.DangerousGetHandle(), (nuint)handle.ByteLength, NotNeeded);
    }

    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }

    [DllImport("libc", EntryPoint = "madvise", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Advise(nint address, nuint length, int advice);
}
