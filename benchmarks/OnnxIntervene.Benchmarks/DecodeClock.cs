namespace OnnxIntervene.Benchmarks;

/// <summary>
/// Times generations that take turns token by token, so that a machine that slows down slows all of them down alike.
/// Milliseconds of the process's own processor time.
/// </summary>
/// <param name="name">What is generated.</param>
/// <param name="begin">Begins a generation, which gives something after each of its runs.</param>
internal sealed class DecodeClock(string name, Func<IEnumerable<int>> begin)
{
    private readonly List<double> _prompts = [];
    private readonly List<double> _tokens = [];

    /// <summary>What is generated.</summary>
    public string Name => name;

    /// <summary>
    /// Generates with all of them, token by token in an order that is drawn anew, since each leaves the processor's
    /// caches to the next; the first round is not counted.
    /// </summary>
    public static void Run(IReadOnlyList<DecodeClock> clocks, int rounds, int newTokens)
    {
        var random = new Random(1);
        var order = Enumerable.Range(0, clocks.Count).ToArray();
        for (var round = -1; round < rounds; round++)
        {
            var runs = clocks.Select(clock => clock.Begin()).ToList();
            for (var run = 0; run < newTokens; run++)
            {
                random.Shuffle(order);
                foreach (var turn in order)
                {
                    var times = run == 0 ? clocks[turn]._prompts : clocks[turn]._tokens;
                    Step(runs[turn], times, round < 0);
                }
            }

            runs.ForEach(run => run.Dispose());
        }
    }

    /// <summary>The times, and what they are beside another's of the same turn.</summary>
    public string Beside(DecodeClock other) =>
        $"{name}: prompt {Of(_prompts)}, a token {Of(_tokens)}; beside {other.Name}: "
        + $"prompt {Ratio(_prompts, other._prompts):F3}, token {Ratio(_tokens, other._tokens):F3}";

    private IEnumerator<int> Begin() => begin().GetEnumerator();

    private static void Step(IEnumerator<int> run, List<double> times, bool isWarmUp)
    {
        var start = ProcessorTime.Now;
        run.MoveNext();
        if (!isWarmUp)
            times.Add(1e3 * (ProcessorTime.Now - start));
    }

    private static string Of(List<double> times) => $"{ProcessorTime.Median(times):F2} ms (least {times.Min():F2})";

    private static double Ratio(List<double> times, List<double> others) =>
        ProcessorTime.Median(times.Zip(others, (one, other) => one / other));
}
