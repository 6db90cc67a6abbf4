using System.ComponentModel;
using System.Diagnostics;

namespace OnnxIntervene.Cli.Slurm;

/// <summary>A program on the user's path, which gets its arguments as a list and never through a shell.</summary>
/// <param name="Path">Where it is.</param>
internal sealed record ExternalProgram(string Path)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    /// <summary>Finds a program in the folders of the path; null where it is in none.</summary>
    public static ExternalProgram? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(System.IO.Path.PathSeparator)
            .Where(System.IO.Path.IsPathFullyQualified)
            .Select(folder => System.IO.Path.Combine(folder, name))
            .Where(File.Exists)
            .Select(path => new ExternalProgram(path))
            .FirstOrDefault();

    /// <summary>Runs it to its end.</summary>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="cancellation">Ends the program early.</param>
    /// <returns>What it wrote.</returns>
    /// <exception cref="SlurmException">It failed, with what it said; or it did not end within two minutes.</exception>
    public async Task<string> RunAsync(IEnumerable<string> arguments, CancellationToken cancellation)
    {
        string[] all = [.. arguments];
        using var process = Start(all);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(s_patience);
        try
        {
            var error = process.StandardError.ReadToEndAsync(patience.Token);
            var output = await process.StandardOutput.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            return process.ExitCode == 0
                ? output
                : throw new SlurmException(
                    $"{Shown(all)} failed with exit code {process.ExitCode}: {(await error).Trim()}"
                );
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            cancellation.ThrowIfCancellationRequested();
            throw new SlurmException($"{Shown(all)} did not answer within {s_patience.TotalMinutes} minutes.");
        }
    }

    private Process Start(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Path, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            var process = Process.Start(start)!;
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception fault)
        {
            throw new SlurmException($"'{Path}' cannot be run: {fault.Message}.");
        }
    }

    private string Shown(IEnumerable<string> arguments) =>
        string.Join(' ', arguments.Select(ShellText.Of).Prepend(System.IO.Path.GetFileName(Path)));
}
