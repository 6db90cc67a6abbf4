using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Ablation;

/// <summary>Means of components over prompts, and over positions where these are not told apart.</summary>
/// <param name="byPosition">Whether every position has a mean of its own.</param>
internal sealed class UnitMeans(bool byPosition)
{
    private readonly Dictionary<(int Site, int Key), (double[] Sum, int Count)> _sums = [];

    /// <summary>Adds a prompt's clean run.</summary>
    public void Add(PromptBases bases)
    {
        for (var site = 0; site < bases.Grids.Length; site++)
        {
            for (var unit = 0; unit < bases.Grids[site].Count; unit++)
                Add((site, KeyOf(bases.Grids[site], unit)), bases.UnitOf(site, 0, unit).Span);
        }
    }

    /// <summary>The mean that takes a unit's place.</summary>
    public float[] Of(UnitGrid grid, int site, int unit)
    {
        var (sum, count) = _sums[(site, KeyOf(grid, unit))];
        return Array.ConvertAll(sum, value => (float)(value / count));
    }

    private void Add((int Site, int Key) key, ReadOnlySpan<float> values)
    {
        var (sum, count) = _sums.TryGetValue(key, out var found) ? found : (new double[values.Length], 0);
        for (var index = 0; index < sum.Length; index++)
            sum[index] += values[index];
        _sums[key] = (sum, count + 1);
    }

    private int KeyOf(UnitGrid grid, int unit) =>
        byPosition
            ? unit
            : grid.Component.Layout switch
            {
                ComponentLayout.Positions => 0,
                ComponentLayout.HeadsInWidth => unit % grid.Component.Heads,
                _ => unit,
            };
}
