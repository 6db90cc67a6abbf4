using OnnxIntervene.Tensors;

namespace OnnxIntervene.Tests.Interpretation;

/// <summary>What random runs are drawn with.</summary>
internal sealed class Draws(int seed)
{
    private readonly Random _random = new(seed);

    public int Seed { get; } = seed;

    public bool Chance(double probability) => _random.NextDouble() < probability;

    /// <summary>A number from the first to the last, both included.</summary>
    public int From(int first, int last) => _random.Next(first, last + 1);

    public T One<T>(IReadOnlyList<T> items) => items[_random.Next(items.Count)];

    /// <summary>So many different numbers below the limit, in any order.</summary>
    public int[] Distinct(int count, int limit)
    {
        var all = Enumerable.Range(0, limit).ToArray();
        _random.Shuffle(all);
        return all[..count];
    }

    /// <summary>Normal numbers.</summary>
    public NumericArray Normal(double scale, params ReadOnlySpan<int> shape)
    {
        var count = 1;
        foreach (var size in shape)
            count *= size;
        return NumericArray.Of(Enumerable.Range(0, count).Select(_ => (float)(scale * Normal())).ToArray(), shape);
    }

    private double Normal() =>
        Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
}
