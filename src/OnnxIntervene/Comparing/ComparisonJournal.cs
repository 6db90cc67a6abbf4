using OnnxIntervene.IR;
using OnnxIntervene.Json;
using OnnxIntervene.Studies.Grids;

namespace OnnxIntervene.Comparing;

/// <summary>
/// The changed runs of a comparison, kept in a file line by line (JSON Lines): a comparison that was ended goes on
/// where it was. The first line says which one it is: <c>{"comparison": …, "command": […]}</c>, the others are
/// <c>{"example": 0, "component": 3, "repair": false, "distance": [divergence, squared error]}</c>.
/// </summary>
internal sealed class ComparisonJournal : IDisposable
{
    private readonly JournalWriter _file;
    private readonly Dictionary<(int Example, PatchedCell Cell), Distance> _kept = [];

    private ComparisonJournal(JournalWriter file) => _file = file;

    /// <summary>Opens the file of a comparison, or begins one.</summary>
    /// <param name="path">The file; its folder is made when it is missing.</param>
    /// <param name="identity">What tells the comparison from others.</param>
    /// <param name="command">The command, which the first line names.</param>
    /// <exception cref="InterventionException">The file holds another comparison.</exception>
    /// <exception cref="ModelFormatException">A line is not one of ours.</exception>
    /// <exception cref="IOException">The file cannot be written, or another process is writing it.</exception>
    public static ComparisonJournal Open(string path, string identity, IReadOnlyList<string> command)
    {
        var journal = new ComparisonJournal(new JournalWriter(path));
        try
        {
            journal.Begin(path, identity, command);
            return journal;
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    /// <summary>How far a changed run was from A's; null where it has not been kept.</summary>
    public Distance? Find(int example, PatchedCell cell) =>
        _kept.TryGetValue((example, cell), out var distance) ? distance : null;

    /// <summary>Keeps how far a changed run is from A's.</summary>
    public void Keep(int example, PatchedCell cell, Distance distance) =>
        _file.Append(
            JournalWriter.Line(
                new
                {
                    example,
                    cell.Component,
                    Repair = cell.IsRepair,
                    Distance = new[] { distance.Divergence, distance.SquaredError },
                }
            )
        );

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Begin(string path, string identity, IReadOnlyList<string> command)
    {
        var isBegun = _file.Read(
            (line, number) =>
            {
                if (number > 1)
                    Read(line);
                else if (line["comparison"].Text() != identity)
                    throw new InterventionException(
                        $"'{path}' holds another comparison. Choose another folder, or delete the file."
                    );
            }
        );
        if (!isBegun)
            _file.Wait(JournalWriter.Line(new { Comparison = identity, Command = command }));
    }

    private void Read(JsonPlace place)
    {
        var cell = new PatchedCell(place["component"].Integer(0), place["repair"].Flag(otherwise: false));
        double[] numbers = [.. place["distance"].Items().Select(Number)];
        if (numbers.Length != 2)
            throw place["distance"].Fault("2 numbers are expected");
        _kept[(place["example"].Integer(0), cell)] = new Distance(numbers[0], numbers[1]);
    }

    private static double Number(JsonPlace place) => place.NotFinite() ?? place.Number();
}
