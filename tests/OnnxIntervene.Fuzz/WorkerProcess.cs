using System.Collections.Concurrent;
using System.Diagnostics;

namespace OnnxIntervene.Fuzz;

/// <summary>A worker's process, begun anew where the last one died.</summary>
/// <param name="options">What is asked for.</param>
/// <param name="number">Which worker it is.</param>
/// <param name="report">Takes what the worker says.</param>
internal sealed class WorkerProcess(FuzzOptions options, int number, Tally report)
{
    private const int LargestData = 8_000_000;
    private static readonly TimeSpan s_longestCase = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_longestSilence = TimeSpan.FromMinutes(5);

    private readonly string _scratch = Path.Combine(
        ScratchRoot,
        $"onnx-intervene-fuzz-{Environment.ProcessId}-{number}"
    );
    private readonly ConcurrentQueue<string> _said = new();
    private DateTime _lastLine;
    private TimeSpan _lastProcessorTime;

    // Memory, where there is a file system in it: a mutant is a few small files.
    private static string ScratchRoot => Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();

    /// <summary>Tries all mutants of this worker.</summary>
    public void Run(CancellationToken cancellation)
    {
        Directory.CreateDirectory(_scratch);
        try
        {
            long? from = number;
            while (from is { } next && !cancellation.IsCancellationRequested)
                from = RunFrom(next, cancellation);
        }
        finally
        {
            Directory.Delete(_scratch, recursive: true);
        }
    }

    // Null when the worker came to its end; else where the next one begins.
    private long? RunFrom(long from, CancellationToken cancellation)
    {
        using var process = Start(from);
        while (!process.WaitForExit(100))
        {
            if (cancellation.IsCancellationRequested)
                process.Kill(entireProcessTree: true);
            else if (IsStuck(process))
            {
                process.Kill(entireProcessTree: true);
                process.WaitForExit();
                return Died("Hang");
            }
        }

        process.WaitForExit();
        return cancellation.IsCancellationRequested || process.ExitCode == 0 ? null : Died("Crash");
    }

    // What a case costs is counted in the processor's time, since a machine may be busy with other things.
    private bool IsStuck(Process process)
    {
        var silence = DateTime.UtcNow - _lastLine;
        if (silence < s_longestCase)
            _lastProcessorTime = process.TotalProcessorTime;
        return process.TotalProcessorTime - _lastProcessorTime > s_longestCase || silence > s_longestSilence;
    }

    private Process Start(long from)
    {
        string[] command = [.. Program(), .. options.ForWorker(number, from, _scratch)];
        // A model may ask ONNX Runtime for any amount of memory: that is to end in an exception, not on this machine.
        var start = OperatingSystem.IsWindows()
            ? new ProcessStartInfo(command[0], command[1..])
            : new ProcessStartInfo(
                "/bin/sh",
                ["-c", $"ulimit -c 0; ulimit -d {LargestData}; exec \"$0\" \"$@\"", .. command]
            );
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        _lastLine = DateTime.UtcNow;
        _said.Clear();
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Hear(line.Data);
        process.ErrorDataReceived += (_, line) => Remember(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    // This process is the program's own executable, or dotnet with the program's assembly.
    private static string[] Program() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet"
            ? [Environment.ProcessPath!, typeof(WorkerProcess).Assembly.Location]
            : [Environment.ProcessPath!];

    private void Hear(string? line)
    {
        if (line is null)
            return;
        _lastLine = DateTime.UtcNow;
        report.Add(line);
    }

    private void Remember(string? line)
    {
        if (line is null)
            return;
        _said.Enqueue(line);
        while (_said.Count > 40)
            _said.TryDequeue(out _);
    }

    private long Died(string how)
    {
        var file = Path.Combine(_scratch, "state");
        var state = File.Exists(file) ? File.ReadLines(file).FirstOrDefault()?.Split('\t') : null;
        if (state is not [var index, var target, var step, ..])
            throw new InvalidOperationException($"A worker died before it began:\n{string.Join('\n', _said)}");
        var key = $"{how}_in_{target}_{step.Trim()}".Replace(' ', '_');
        var kept = Kept.Path(options.Out, target, key);
        if (!Directory.Exists(kept))
            Kept.Add(kept, Path.Combine(_scratch, "case"), string.Join('\n', _said));
        report.Add($"finding\t{target}\t{key}");
        return long.Parse(index, System.Globalization.CultureInfo.InvariantCulture) + options.Workers;
    }
}
