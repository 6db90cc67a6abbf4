using System.Globalization;
using System.Text;

namespace OnnxIntervene.Cli.Slurm;

/// <summary>What a job of ours wrote, whose last line is the exit code of what it ran.</summary>
internal sealed record SlurmLog
{
    /// <summary>The logs of shards, as Slurm fills in names.</summary>
    public const string ShardPattern = "shard-%a.job-%A.log";

    /// <summary>The log of the merging job.</summary>
    public const string MergePattern = "merge.job-%j.log";

    /// <summary>What writes the last line; a job that is ended from outside has none.</summary>
    public const string Trap = $"trap 'echo \"{ExitCodeText}$?\"' EXIT";

    private const string ExitCodeText = "exit code ";
    private const int MostRead = 4096;

    /// <summary>The file.</summary>
    public required string Path { get; init; }

    /// <summary>The exit code; null where the job was ended from outside.</summary>
    public int? ExitCode { get; init; }

    /// <summary>What was said last before it.</summary>
    public string LastWords { get; init; } = "";

    /// <summary>Why the job ended, and where more of it stands.</summary>
    public string Why =>
        (
            ExitCode is { } code
                ? string.Create(CultureInfo.InvariantCulture, $"exit code {code}")
                : "ended from outside (memory, time, node, scancel)"
        )
        + (LastWords.Length > 0 ? $", \"{LastWords}\"" : "")
        + $", log {Path}";

    /// <summary>The newest log of a shard; null where there is none.</summary>
    public static SlurmLog? OfShard(string folder, int shard) =>
        new DirectoryInfo(folder)
            .EnumerateFiles(string.Create(CultureInfo.InvariantCulture, $"shard-{shard}.job-*.log"))
            .OrderBy(file => file.LastWriteTimeUtc)
            .ThenBy(file => file.Name, StringComparer.Ordinal)
            .Select(file => Read(file.FullName))
            .LastOrDefault();

    /// <summary>The log of a merging job; null where it is not there.</summary>
    public static SlurmLog? OfMerge(string folder, string job)
    {
        var path = System.IO.Path.Combine(folder, MergePattern.Replace("%j", job, StringComparison.Ordinal));
        return File.Exists(path) ? Read(path) : null;
    }

    private static SlurmLog Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.Seek(-Math.Min(file.Length, MostRead), SeekOrigin.End);
        using var reader = new StreamReader(file, Encoding.UTF8);
        var lines = reader
            .ReadToEnd()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var code =
            lines is [.., var last]
            && last.StartsWith(ExitCodeText, StringComparison.Ordinal)
            && int.TryParse(last[ExitCodeText.Length..], CultureInfo.InvariantCulture, out var number)
                ? number
                : (int?)null;
        return new SlurmLog
        {
            Path = path,
            ExitCode = code,
            LastWords = (code is null ? lines : lines[..^1]).LastOrDefault() ?? "",
        };
    }
}
