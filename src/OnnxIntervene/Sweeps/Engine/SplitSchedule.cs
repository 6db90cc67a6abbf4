using System.Collections.Immutable;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>What is computed of a row in a layer.</summary>
/// <param name="Row">The row's place in its group.</param>
/// <param name="Projected">The positions whose queries, keys and values differ from the base's.</param>
/// <param name="MixedFrom">The first position whose mixed values differ; null where none do.</param>
/// <param name="Carried">The positions whose stream after the layer differs.</param>
internal sealed record RowWork(int Row, int[] Projected, int? MixedFrom, int[] Carried);

/// <summary>
/// Which tokens of a row differ from its base's run in each part of each layer: a token that a cell writes differs
/// alone until attention reads it, and then all after it do, up to the one that is measured.
/// </summary>
internal sealed class SplitSchedule(SweepSetting setting, StaircaseRows rows, SplitLayers layers)
{
    /// <summary>The work of each layer for the rows of a group, from the first layer on.</summary>
    public IEnumerable<IReadOnlyList<RowWork>> Of(ImmutableArray<StaircaseRow> group)
    {
        var changed = new int[group.Length][];
        for (var layer = 0; layer < layers.Count; layer++)
        {
            var works = new List<RowWork>();
            for (var row = 0; row < group.Length; row++)
            {
                if (group[row].Point > layer)
                    continue;
                var work = Work(row, group[row].Cell, layer, changed[row] ?? []);
                changed[row] = work.Carried;
                works.Add(work);
            }

            yield return works;
        }
    }

    /// <summary>What a cell writes into a part of a layer.</summary>
    public IEnumerable<CellWrite> WritesOf(SweepCell cell, int layer, LayerPart part) =>
        cell.Writes.Where(write =>
            rows.PointOf(write.Site) is null
            && setting.Sites[write.Site].Layer == layer
            && layers[layer].PartOf(setting.Sites[write.Site]) == part
        );

    private RowWork Work(int row, SweepCell cell, int layer, int[] changed)
    {
        var written = cell.Writes.Where(write => rows.PointOf(write.Site) == layer).Select(PositionOf);
        int[] before = [.. changed.Union(written).Order()];
        int[] projected = [.. before.Union(Positions(cell, layer, LayerPart.Projection)).Order()];
        var mixed = WritesOf(cell, layer, LayerPart.Mixing).ToList();
        int[] sources = [.. projected.Concat(mixed.Select(PositionOf))];
        int? from = sources.Length == 0 ? null : sources.Min();
        var reached =
            projected.Length == 0 && mixed.All(write => rows.IsAfterMixing(write.Site))
                ? mixed.Select(PositionOf)
                : Enumerable.Range(from!.Value, setting.Measured + 1 - from.Value);
        var carried = before.Union(reached).Union(Positions(cell, layer, LayerPart.Transition));
        if (layer == layers.Count - 1)
            carried = carried.Where(position => position == setting.Measured);
        return new RowWork(row, projected, from, [.. carried.Order()]);
    }

    private IEnumerable<int> Positions(SweepCell cell, int layer, LayerPart part) =>
        WritesOf(cell, layer, part).Select(PositionOf);

    private int PositionOf(CellWrite write) => setting.Grids[write.Site].PositionOf(write.Unit);
}
