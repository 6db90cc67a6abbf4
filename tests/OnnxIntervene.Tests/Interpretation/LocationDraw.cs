using System.Collections.Immutable;
using OnnxIntervene.Interventions;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Tests.Interpretation;

/// <summary>Draws the units that are read and written: so many heads at so many positions in each example.</summary>
/// <param name="Unit">What locations count.</param>
/// <param name="Heads">How many heads the component has; 0 for none.</param>
/// <param name="Counts">For each example how many heads at how many positions are meant; null for everywhere.</param>
internal sealed record LocationDraw(string Unit, int Heads, ImmutableArray<(int Heads, int Positions)>? Counts)
{
    /// <summary>Some units of these inputs.</summary>
    public UnitLocation? Of(Draws draws, ModelInputs inputs)
    {
        if (Counts is not { } counts)
            return null;
        var rows = counts.Distinct().Count() > 1 || draws.Chance(0.5) ? inputs.BatchSize : 1;
        var kept = Enumerable.Range(0, inputs.BatchSize).Select(example => Kept(inputs, example)).ToArray();
        var positions = Enumerable
            .Range(0, rows)
            .Select(row => Positions(draws, counts[row].Positions, inputs.Length, rows == 1 ? kept.Min() : kept[row]));
        var heads = Enumerable
            .Range(0, rows)
            .Select(row => draws.Distinct(counts[row].Heads, Math.Max(1, Heads)).ToImmutableArray());
        return Unit switch
        {
            "h" => new UnitLocation([.. heads]),
            "h.pos" => new UnitLocation([.. positions], [.. heads]),
            _ => new UnitLocation([.. positions]),
        };
    }

    // From the end of the example's own tokens now and then.
    private static ImmutableArray<int> Positions(Draws draws, int count, int length, int kept) =>
        count <= kept && draws.Chance(0.3)
            ? [.. draws.Distinct(count, kept).Select(position => -1 - position)]
            : [.. draws.Distinct(count, length)];

    private static int Kept(ModelInputs inputs, int example) =>
        inputs.Arrays.TryGetValue("attention_mask", out var mask)
            ? (int)mask.Row(example).Integers.ToArray().Sum()
            : inputs.Length;
}
