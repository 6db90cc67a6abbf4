using OnnxIntervene.IR;

namespace OnnxIntervene.Baking.Weights;

/// <summary>The scale and the zero point of a group: a level stands for (level − zero) · scale.</summary>
internal readonly record struct LevelScale(float Scale, int Zero)
{
    /// <summary>The number that a level stands for.</summary>
    public float Number(int level) => (level - Zero) * Scale;
}

/// <summary>The levels of a quantised matrix, and how a group's scale and zero point may be chosen.</summary>
/// <param name="Bits">Bits of a level.</param>
/// <param name="Lowest">The lowest level.</param>
/// <param name="Highest">The highest level.</param>
/// <param name="ScaleType">The type of the scales, which are rounded to it.</param>
internal sealed record LevelRange(int Bits, int Lowest, int Highest, ElementType ScaleType)
{
    /// <summary>Whether zero points can be chosen; else they stay.</summary>
    public bool HasZeroPoints { get; init; }

    /// <summary>Whether a scale may be negative: the lowest level of MatMulNBits has no opposite.</summary>
    public bool HasNegativeScales { get; init; }

    /// <summary>Unsigned or signed levels.</summary>
    public static LevelRange Of(int bits, bool isSigned, ElementType scaleType) =>
        isSigned
            ? new LevelRange(bits, -(1 << (bits - 1)), (1 << (bits - 1)) - 1, scaleType)
            : new LevelRange(bits, 0, (1 << bits) - 1, scaleType);

    /// <summary>
    /// One bit less where the levels are within it: quantisers leave it unused (reduce_range) for processors that add
    /// products of integers in 16 bits.
    /// </summary>
    public LevelRange LeavingOverflow(ReadOnlySpan<short> levels)
    {
        var (lowest, highest) = Lowest < 0 ? (Lowest / 2, -Lowest / 2) : (0, Highest / 2);
        foreach (var level in levels)
        {
            if (level < lowest || level > highest)
                return this;
        }

        return this with
        {
            Lowest = lowest,
            Highest = highest,
        };
    }

    /// <summary>The level nearest to a number.</summary>
    public int Level(float number, LevelScale scale)
    {
        if (scale.Scale == 0)
            return scale.Zero;
        var level = Math.Round((double)number / scale.Scale, MidpointRounding.ToEven) + scale.Zero;
        return (int)Math.Clamp(level, Lowest, Highest);
    }

    /// <summary>What a group of numbers may be stored with: as it was, and as quantisers do.</summary>
    /// <param name="old">What the group has.</param>
    /// <param name="low">The smallest of the numbers.</param>
    /// <param name="high">The largest of the numbers.</param>
    public IReadOnlyList<LevelScale> Candidates(LevelScale old, float low, float high)
    {
        (low, high) = (Math.Min(low, 0), Math.Max(high, 0));
        var found = new List<LevelScale> { old };
        if (HasZeroPoints)
        {
            var scale = Rounded((high - low) / (Highest - Lowest));
            if (scale > 0)
                found.Add(new LevelScale(scale, (int)Math.Clamp(Lowest - Math.Round(low / scale), Lowest, Highest)));
            return found;
        }

        var largest = Math.Max(high, -low);
        Add(largest / (Highest - old.Zero));
        Add(largest / (old.Zero - Lowest));
        // The lowest level stands for the largest number, whatever its sign.
        if (HasNegativeScales)
            Add((high > -low ? high : low) / (Lowest - old.Zero));
        return found;

        void Add(float scale)
        {
            if (Rounded(scale) is var kept && kept != 0 && float.IsFinite(kept))
                found.Add(old with { Scale = kept });
        }
    }

    private float Rounded(float scale) => TensorData.Rounded(ScaleType, [1], [scale]).ReadFloats()[0];
}
