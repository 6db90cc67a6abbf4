using System.Diagnostics;
using System.Globalization;
using OnnxIntervene.Testing.Hostile;

namespace OnnxIntervene.Fuzz;

/// <summary>Counts what workers say: mutants by reader, findings by kind.</summary>
internal sealed class Tally
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, (int Count, long Ticks)> _tried = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _findings = new(StringComparer.Ordinal);
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private long _count;

    /// <summary>How many findings there are of kinds that count.</summary>
    public int FindingCount => _findings.Count;

    /// <summary>Takes a worker's line.</summary>
    public void Add(string line)
    {
        lock (_lock)
        {
            switch (line.Split('\t'))
            {
                case ["tried", var ticks, var target]:
                    var (count, sum) = _tried.GetValueOrDefault(target);
                    _tried[target] = (count + 1, sum + long.Parse(ticks, CultureInfo.InvariantCulture));
                    if (++_count % 10_000 == 0)
                        Console.Error.WriteLine(Rate());
                    break;
                case ["finding", var target, var key]:
                    var name = $"{target}/{key}";
                    if (_findings.TryAdd(name, 0))
                        Console.Error.WriteLine($"finding: {name}");
                    _findings[name]++;
                    break;
            }
        }
    }

    /// <summary>Prints what was tried and found.</summary>
    public void Write(TextWriter output, FuzzOptions options)
    {
        foreach (var (name, (count, ticks)) in _tried)
            output.WriteLine(
                $"{name, -14} {count, 8} mutants, {1000.0 * ticks / Stopwatch.Frequency / count, 7:F1} ms each"
            );
        foreach (var (name, count) in _findings)
            output.WriteLine($"{count, 8} times {name}");
        output.WriteLine($"{Rate()}; {_findings.Count} kinds of findings (seed {options.Seed}).");
    }

    private string Rate() =>
        $"{_count} mutants of {_tried.Count} of {HostileTarget.All.Count} readers in "
        + $"{_clock.Elapsed.TotalSeconds:F0} s, "
        + $"{_count / Math.Max(1, _clock.Elapsed.TotalSeconds):F0} a second";
}
