using OnnxIntervene.IR;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Grids;

/// <summary>
/// What has been measured of a study, kept in a file line by line (JSON Lines): a run that was ended, in whatever way,
/// goes on where it was. The first line says which study it is; a line that was torn off at the end is cut off.
/// </summary>
internal sealed class CellJournal : StudyRecord, IDisposable
{
    private readonly JournalWriter _file;
    private bool _isReading;

    private CellJournal(GridStudy study, SweepShard shard, JournalWriter file)
        : base(study, shard) => _file = file;

    /// <summary>Opens the file of a study, or begins one.</summary>
    /// <param name="path">The file; its folder is made when it is missing.</param>
    /// <param name="study">The study.</param>
    /// <param name="options">Which part of it is run, and by which command.</param>
    /// <exception cref="InterventionException">The file holds another study, or another part of it.</exception>
    /// <exception cref="ModelFormatException">A line is not one of ours.</exception>
    /// <exception cref="IOException">The file cannot be written, or another process is writing it.</exception>
    public static CellJournal Open(string path, GridStudy study, SweepOptions options)
    {
        var file = new JournalWriter(path);
        try
        {
            var journal = new CellJournal(study, options.Shard, file);
            journal.Begin(new JournalLines(path, study), options);
            return journal;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads journals of a study's parts into one record.</summary>
    /// <param name="paths">The files.</param>
    /// <param name="study">The study.</param>
    /// <exception cref="InterventionException">
    /// A file holds another study, or the files together do not hold every cell.
    /// </exception>
    /// <exception cref="ModelFormatException">A line is not one of ours.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static StudyRecord Merge(IReadOnlyList<string> paths, GridStudy study)
    {
        var record = Read(paths, study);
        return record.Kept == record.Total
            ? record
            : throw new InterventionException(
                $"{record.Total - record.Kept} of {record.Total} cells are in none of "
                    + $"{string.Join(", ", paths.Select(path => $"'{path}'"))}. Run the shards that are missing or "
                    + "were ended; each goes on where it was."
            );
    }

    /// <summary>Reads journals of a study's parts, complete or not, into one record.</summary>
    /// <param name="paths">The files.</param>
    /// <param name="study">The study.</param>
    /// <exception cref="InterventionException">A file holds another study.</exception>
    /// <exception cref="ModelFormatException">A line is not one of ours.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static StudyRecord Read(IReadOnlyList<string> paths, GridStudy study)
    {
        var record = new StudyRecord(study, SweepShard.Whole);
        foreach (var path in paths)
        {
            using var file = JournalFile.OpenToRead(path);
            var lines = new JournalLines(path, study);
            foreach (var line in JournalFile.Lines(file, path))
                lines.ReadInto(line.Place, line.Number, record);
        }

        return record;
    }

    /// <inheritdoc/>
    public override void Keep(int prompt, Baselines baselines)
    {
        if (!_isReading && !HasBaselines(prompt))
            _file.Wait(JournalLines.Of(prompt, baselines));
        base.Keep(prompt, baselines);
    }

    /// <inheritdoc/>
    public override void Keep(int prompt, int cell, ReadOnlySpan<float> values)
    {
        base.Keep(prompt, cell, values);
        if (!_isReading)
            _file.Append(JournalLines.Of(prompt, cell, values));
    }

    /// <inheritdoc/>
    public override void Flush() => _file.Flush();

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Begin(JournalLines lines, SweepOptions options)
    {
        _isReading = true;
        if (!_file.Read((line, number) => lines.ReadInto(line, number, this, options.Shard)))
            _file.Wait(lines.Header(options, Total));
        _isReading = false;
    }
}
