using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Json;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>
/// The cells of a search, kept in a file line by line (JSON Lines): a search that was ended goes on where it was. The
/// first line is that of other studies, so that their tools can count cells; the others are <c>{"prompt": 0, "cell": 7,
/// "loss": 0.1, "count": 512, "correct": [interchange, nothing, random], "changed_count": 96, "changed": […]}</c>;
/// -1 stands for what was not measured.
/// </summary>
internal sealed class AlignmentJournal : IDisposable
{
    private readonly JournalWriter _file;
    private readonly AlignmentStudy _study;

    private AlignmentJournal(JournalWriter file, AlignmentStudy study) => (_file, _study) = (file, study);

    /// <summary>The cells that are kept.</summary>
    public Dictionary<int, AlignmentCell> Cells { get; } = [];

    /// <summary>Opens the file of a search, or begins one.</summary>
    /// <exception cref="InterventionException">The file holds another search, or another part of it.</exception>
    /// <exception cref="ModelFormatException">A line is not one of ours.</exception>
    /// <exception cref="IOException">The file cannot be written, or another process is writing it.</exception>
    public static AlignmentJournal Open(string path, AlignmentStudy study, SweepOptions options)
    {
        var journal = new AlignmentJournal(new JournalWriter(path), study);
        try
        {
            if (!journal._file.Read((line, number) => Read(line, number, path, study, options.Shard, journal.Cells)))
                journal._file.Wait(journal.Header(options));
            return journal;
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    /// <summary>Reads the cells of some files.</summary>
    /// <exception cref="InterventionException">A file holds another search.</exception>
    /// <exception cref="ModelFormatException">A line is not one of ours.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static Dictionary<int, AlignmentCell> Read(IReadOnlyList<string> paths, AlignmentStudy study)
    {
        var cells = new Dictionary<int, AlignmentCell>();
        foreach (var path in paths)
        {
            using var file = JournalFile.OpenToRead(path);
            foreach (var line in JournalFile.Lines(file, path))
                Read(line.Place, line.Number, path, study, null, cells);
        }

        return cells;
    }

    /// <summary>Keeps a cell.</summary>
    public void Keep(int number, AlignmentCell cell)
    {
        Cells[number] = cell;
        _file.Append(
            JournalWriter.Line(
                new
                {
                    Prompt = 0,
                    Cell = number,
                    cell.Loss,
                    cell.Losses,
                    cell.HeldOut,
                    cell.All.Interchange.Count,
                    Correct = Counts(cell.All),
                    ChangedCount = cell.Changed?.Interchange.Count ?? -1,
                    Changed = cell.Changed is { } changed ? Counts(changed) : [],
                }
            )
        );
        _file.Flush();
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private string Header(SweepOptions options) =>
        JournalWriter.Line(
            new JournalHeader
            {
                Study = _study.Identity,
                Shard = options.Shard.ToString(),
                Cells = _study.Count,
                ShardCells = Enumerable.Range(0, _study.Count).Count(cell => options.Shard.Has(1, 0, cell)),
                Command = options.Command,
            }
        );

    private static int[] Counts(InterchangeScores scores) =>
        [scores.Interchange.Correct, scores.DoingNothing.Correct, scores.RandomSubspace?.Correct ?? -1];

    private static void Read(
        JsonPlace line,
        int number,
        string path,
        AlignmentStudy study,
        SweepShard? shard,
        Dictionary<int, AlignmentCell> cells
    )
    {
        if (number == 1)
            JournalHeader.Check(line, path, study.Identity, shard);
        else
            Read(line, study, cells);
    }

    private static void Read(JsonPlace line, AlignmentStudy study, Dictionary<int, AlignmentCell> cells)
    {
        var number = line["cell"].Integer(0, study.Count - 1);
        var changed = line["changed_count"].Integer(-1);
        cells[number] = new AlignmentCell
        {
            Row = study.RowOf(number),
            Column = study.ColumnOf(number),
            Loss = line["loss"].NotFinite() ?? line["loss"].Number(),
            Losses = Numbers(line.Find("losses")),
            HeldOut = Numbers(line.Find("held_out")),
            All = Scores(line["correct"], line["count"].Integer(0)),
            Changed = changed < 0 ? null : Scores(line["changed"], changed),
        };
    }

    private static ImmutableArray<double> Numbers(JsonPlace? place) =>
        place is null ? [] : [.. place.Items("a list of numbers").Select(item => item.NotFinite() ?? item.Number())];

    private static InterchangeScores Scores(JsonPlace place, int count)
    {
        var correct = place.Integers(-1, count);
        if (correct.Length != 3)
            throw place.Fault("3 numbers are expected");
        return new InterchangeScores(
            new AccuracyEstimate(correct[0], count),
            new AccuracyEstimate(correct[1], count),
            correct[2] < 0 ? null : new AccuracyEstimate(correct[2], count)
        );
    }
}
