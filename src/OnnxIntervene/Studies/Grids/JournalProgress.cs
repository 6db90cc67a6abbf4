using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Json;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Grids;

/// <summary>
/// How far a shard has come, by its journal alone (<see cref="SweepOptions.Journal"/>): without the model, and while
/// another process writes it.
/// </summary>
public sealed class JournalProgress
{
    private readonly HashSet<(int Prompt, int Cell)> _kept = [];
    private long _end;
    private int _line;

    private JournalProgress(string path) => Path = path;

    /// <summary>The journal.</summary>
    public string Path { get; }

    /// <summary>Whether its first line is there, which a process writes with its first cell.</summary>
    public bool IsBegun => _line > 0;

    /// <summary>Which part of the study it is for; the whole, where it is not begun.</summary>
    public SweepShard Shard { get; private set; } = SweepShard.Whole;

    /// <summary>How many cells the whole study has; 0 where the journal is not begun.</summary>
    public int StudyCells { get; private set; }

    /// <summary>How many cells the shard has; 0 where the journal is not begun.</summary>
    public int Total { get; private set; }

    /// <summary>How many different cells are kept.</summary>
    public int Kept => _kept.Count;

    /// <summary>Whether all cells of the shard are kept.</summary>
    public bool IsComplete => IsBegun && Kept >= Total;

    /// <summary>The command that writes it; empty where there is none.</summary>
    public ImmutableArray<string> Command { get; private set; } = [];

    /// <summary>Reads a journal. A file that is missing is one that is not begun.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelFormatException">It is not a journal.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static JournalProgress Read(string path)
    {
        var progress = new JournalProgress(path);
        progress.Update();
        return progress;
    }

    /// <summary>Reads what has been added since; a file that was begun anew is read anew.</summary>
    /// <inheritdoc cref="Read"/>
    public void Update()
    {
        if (!File.Exists(Path))
        {
            Forget();
            return;
        }

        using var file = JournalFile.OpenToRead(Path);
        if (file.Length < _end)
            Forget();
        file.Position = _end;
        foreach (var line in JournalFile.Lines(file, Path, _line))
        {
            _line = line.Number;
            Count(line.Place);
            _end += line.Length;
        }
    }

    private void Forget()
    {
        _kept.Clear();
        (_end, _line, Total, StudyCells, Shard, Command) = (0, 0, 0, 0, SweepShard.Whole, []);
    }

    private void Count(JsonPlace place)
    {
        if (_line == 1)
        {
            Shard = JournalHeader.ShardOf(place);
            StudyCells = place["cells"].Integer(0);
            Total = place["shard_cells"].Integer(0);
            Command = JournalHeader.CommandOf(place);
        }
        else if (place.Find("cell") is { } cell)
        {
            _kept.Add((place["prompt"].Integer(0), cell.Integer(0)));
        }
    }
}
