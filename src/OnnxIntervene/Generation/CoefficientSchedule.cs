using System.Collections.Immutable;
using System.Globalization;

namespace OnnxIntervene.Generation;

/// <summary>
/// A factor for an intervention's coefficient in each run of a generation: run 0 reads the prompt, run 1 the first new
/// token, and so on.
/// </summary>
public sealed record CoefficientSchedule
{
    private readonly ImmutableArray<float> _factors;

    private CoefficientSchedule(ImmutableArray<float> factors) => _factors = factors;

    /// <summary>1 in every run.</summary>
    public static CoefficientSchedule Constant { get; } = new([1]);

    /// <summary>Whether it changes nothing.</summary>
    public bool IsConstant => _factors.All(factor => factor == 1);

    /// <summary>The factors, as they tell it from other schedules.</summary>
    internal string Facts =>
        string.Join(',', _factors.Select(factor => factor.ToString("R", CultureInfo.InvariantCulture)));

    /// <summary>One factor a run; the last one goes on.</summary>
    /// <exception cref="ArgumentException">There is none, or one is not finite.</exception>
    public static CoefficientSchedule Of(params ReadOnlySpan<float> factors)
    {
        if (factors.IsEmpty || factors.ToArray().Any(factor => !float.IsFinite(factor)))
            throw new ArgumentException("A schedule needs at least one factor, and finite ones.", nameof(factors));
        return new([.. factors]);
    }

    /// <summary>Along a line from one factor to another, which then goes on.</summary>
    /// <param name="from">The factor of run 0.</param>
    /// <param name="to">The factor from run <paramref name="runs"/> on.</param>
    /// <param name="runs">How many runs it takes, 1 to a million.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are no runs, or too many.</exception>
    public static CoefficientSchedule Linear(float from, float to, int runs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(runs, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(runs, 1_000_000);
        return Of([.. Enumerable.Range(0, runs + 1).Select(run => from + ((to - from) * run / runs))]);
    }

    /// <summary>The factor of a run.</summary>
    public float At(int run) => _factors[Math.Min(run, _factors.Length - 1)];
}
