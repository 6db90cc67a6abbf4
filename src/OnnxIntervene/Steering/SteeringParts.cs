using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Steering;

/// <summary>Measures those parts of a search that are not known yet, some at once, and tells how far it is.</summary>
/// <param name="kept">What is known.</param>
/// <param name="total">How many parts there are.</param>
/// <param name="progress">Told how many of them are done.</param>
/// <param name="cancellation">Ends the search early.</param>
internal sealed class SteeringParts(
    PartJournal kept,
    int total,
    IProgress<SweepProgress>? progress,
    CancellationToken cancellation
)
{
    private int _done;

    /// <summary>Measures parts of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="parts">The parts.</param>
    /// <param name="atOnce">How many of them at once.</param>
    /// <param name="measure">Measures some of them, which are counted from the first.</param>
    public void Measure(int text, Range parts, int atOnce, Func<int[], float[][]> measure)
    {
        var (first, count) = parts.GetOffsetAndLength(int.MaxValue);
        int[] missing = [.. Enumerable.Range(0, count).Where(part => !kept.Has(text, first + part))];
        Report(count - missing.Length);
        foreach (var rows in missing.Chunk(atOnce))
        {
            cancellation.ThrowIfCancellationRequested();
            var numbers = measure(rows);
            for (var row = 0; row < rows.Length; row++)
                kept.Keep(text, first + rows[row], numbers[row]);
            Report(rows.Length);
        }
    }

    private void Report(int more)
    {
        _done += more;
        progress?.Report(new SweepProgress(_done, total));
    }
}
