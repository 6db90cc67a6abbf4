using System.Globalization;
using OnnxIntervene.IR;

namespace OnnxIntervene.Sweeps;

/// <summary>One of several parts of a sweep that different machines run. Immutable.</summary>
public sealed record SweepShard
{
    /// <param name="index">The number of the part, from 0.</param>
    /// <param name="count">How many parts there are.</param>
    /// <exception cref="InterventionException">There is no such part.</exception>
    public SweepShard(int index, int count)
    {
        if (count < 1 || index < 0 || index >= count)
            throw new InterventionException(
                $"There is no shard {index} of {count}; shards are numbered from 0: 0/{Math.Max(1, count)} is the "
                    + "first."
            );
        (Index, Count) = (index, count);
    }

    /// <summary>The whole sweep.</summary>
    public static SweepShard Whole { get; } = new(0, 1);

    /// <summary>The number of the part, from 0.</summary>
    public int Index { get; }

    /// <summary>How many parts there are.</summary>
    public int Count { get; }

    /// <summary>Reads <c>2/8</c>.</summary>
    /// <exception cref="InterventionException">The text is not such a part.</exception>
    public static SweepShard Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return
            text.Split('/') is [var index, var count]
            && int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var all)
            ? new SweepShard(number, all)
            : throw new InterventionException($"'{text}' is not a shard; write its number from 0 and how many: 0/4.");
    }

    /// <summary>
    /// Whether a cell is in this part. Whole prompts are dealt out where there are enough of them, since each part runs
    /// the prompts of its cells; otherwise cells are.
    /// </summary>
    /// <param name="prompts">How many prompts the sweep has.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="cell">The cell among the prompt's.</param>
    public bool Has(int prompts, int prompt, int cell) => (prompts >= Count ? prompt : cell + prompt) % Count == Index;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Index}/{Count}");
}
