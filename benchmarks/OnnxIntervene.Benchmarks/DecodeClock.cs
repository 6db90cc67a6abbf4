namespace OnnxIntervene.Benchmarks;

/// <summary>The times of one generation, milliseconds of the process's own processor time.</summary>
/// <param name="Prompt">Up to the first token.</param>
/// <param name="Token">Each token after it.</param>
internal sealed record DecodeTime(double Prompt, double Token);

/// <summary>Takes the times of one generation.</summary>
internal sealed class DecodeClock
{
    private readonly double _start = ProcessorTime.Now;
    private double? _first;

    /// <summary>A token has come, by the number of its run.</summary>
    public void Came(int run)
    {
        if (run == 0)
            _first ??= ProcessorTime.Now;
    }

    /// <summary>The times, now that the last token has come.</summary>
    public DecodeTime Time(int tokens) =>
        new(1e3 * (_first!.Value - _start), 1e3 * (ProcessorTime.Now - _first.Value) / (tokens - 1));
}
