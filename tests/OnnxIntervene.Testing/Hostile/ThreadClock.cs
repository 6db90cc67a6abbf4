using System.Diagnostics;
using System.Runtime.InteropServices;

namespace OnnxIntervene.Testing.Hostile;

/// <summary>How long the current thread has computed: what other programs take of the machine does not count.</summary>
internal static partial class ThreadClock
{
    // CLOCK_THREAD_CPUTIME_ID of Linux.
    private const int ThreadTime = 3;

    /// <summary>Time since some moment; on systems other than Linux that of a clock on the wall.</summary>
    public static TimeSpan Now =>
        OperatingSystem.IsLinux() && Read(ThreadTime, out var time) == 0
            ? TimeSpan.FromSeconds(time.Seconds) + TimeSpan.FromMicroseconds(time.Nanoseconds / 1000.0)
            : Stopwatch.GetElapsedTime(0);

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int Read(int clock, out UnixTime time);

    [StructLayout(LayoutKind.Sequential)]
    private struct UnixTime
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
