namespace OnnxIntervene.Fuzz.Mutation;

/// <summary>Choices that all mutators make.</summary>
internal static class Chance
{
    /// <summary>Numbers at which readers go wrong.</summary>
    public static readonly long[] Numbers =
    [
        0,
        1,
        -1,
        2,
        3,
        7,
        8,
        16,
        127,
        128,
        255,
        256,
        32767,
        65535,
        65536,
        1_000_000,
        int.MaxValue,
        (long)int.MaxValue + 1,
        int.MinValue,
        uint.MaxValue,
        1L << 40,
        long.MaxValue,
        long.MinValue,
        long.MaxValue / 4,
    ];

    /// <summary>One of a list.</summary>
    public static T Of<T>(this Random random, IReadOnlyList<T> items) => items[random.Next(items.Count)];

    /// <summary>True once in so many times.</summary>
    public static bool OneIn(this Random random, int times) => random.Next(times) == 0;
}
