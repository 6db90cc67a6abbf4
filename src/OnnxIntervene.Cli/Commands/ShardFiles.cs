using OnnxIntervene.IR;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Cli.Commands;

/// <summary>The files in which cells of studies are kept while these are run.</summary>
internal static class ShardFiles
{
    private const string Extension = ".cells.jsonl";

    /// <summary>The file of a study, or of a shard of it.</summary>
    public static string PathOf(string folder, string name, SweepShard shard) =>
        Path.Combine(
            folder,
            shard.Count == 1 ? $"{name}{Extension}" : $"{name}.shard-{shard.Index}-of-{shard.Count}{Extension}"
        );

    /// <summary>The files of a study that a folder holds, of its shards and of the whole.</summary>
    public static IReadOnlyList<string> In(string folder, string name) =>
        Directory.Exists(folder)
            ?
            [
                .. Directory.EnumerateFiles(folder, $"{name}{Extension}"),
                .. Directory.EnumerateFiles(folder, $"{name}.shard-*-of-*{Extension}").Order(StringComparer.Ordinal),
            ]
            : [];

    /// <summary>Refuses a folder that holds shards of another number of parts.</summary>
    /// <exception cref="InterventionException">It holds such shards.</exception>
    public static void RequireCount(string folder, string name, int count)
    {
        var other = In(folder, name)
            .Select(path => JournalProgress.Read(path))
            .FirstOrDefault(journal => journal.IsBegun && journal.Shard.Count != count);
        if (other is not null)
            throw new InterventionException(
                $"'{other.Path}' holds shard {other.Shard}, and {count} shards are asked for. Give the same number, "
                    + "or choose another folder."
            );
    }

    /// <summary>The files of a study's shards in some folders.</summary>
    /// <param name="folders">The folders.</param>
    /// <param name="name">What the study's files are called; null for any study.</param>
    /// <exception cref="InterventionException">
    /// A folder is missing, there are no such files, or a study was divided in more ways than one.
    /// </exception>
    public static IReadOnlyList<string> Find(IReadOnlyList<string> folders, string? name = null)
    {
        var files = new List<string>();
        foreach (var folder in folders)
        {
            if (!Directory.Exists(folder))
                throw new InterventionException($"There is no folder '{folder}'.");
            files.AddRange(Directory.EnumerateFiles(folder, $"{name ?? "*"}.shard-*-of-*{Extension}"));
        }

        files.Sort(StringComparer.Ordinal);
        if (name is not null)
            RequireOneDivision(files);
        return files.Count > 0
            ? files
            : throw new InterventionException(
                $"There are no shards in {string.Join(", ", folders)}. Run the study with --shard 0/4, 1/4, … and "
                    + "--out."
            );
    }

    // Shards of other numbers of parts leave cells out, and have others twice.
    private static void RequireOneDivision(List<string> files)
    {
        if (files.Find(file => DivisionOf(file) != DivisionOf(files[0])) is { } other)
            throw new InterventionException(
                $"'{files[0]}' is one of {DivisionOf(files[0])} shards and '{other}' one of {DivisionOf(other)}: they "
                    + "divide the study differently. Merge the shards of one number of parts."
            );
    }

    private static string DivisionOf(string path)
    {
        var name = Path.GetFileName(path)[..^Extension.Length];
        return name[(name.LastIndexOf('-') + 1)..];
    }
}
