using System.Collections.Immutable;
using OnnxIntervene.Interventions;
using OnnxIntervene.Json;

namespace OnnxIntervene.Planning.Files;

/// <summary>Reads which units an entry of the short form reads and writes.</summary>
internal static class ShortUnits
{
    /// <summary>The unit, and where the base is written and the source read; null for everywhere.</summary>
    public static (string Unit, UnitLocation? Base, UnitLocation? Source) Of(JsonPlace item)
    {
        var (positions, heads) = (Positions(item["positions"]), ShortFields.Rows(item["heads"]));
        var (sourcePositions, sourceHeads) = (
            Positions(item["source_positions"]) ?? positions,
            ShortFields.Rows(item["source_heads"]) ?? heads
        );
        if (positions is not null != sourcePositions is not null || heads is not null != sourceHeads is not null)
            throw item.Fault(
                "the source must be read by the same kinds of unit as the base is written by: set positions with "
                    + "source_positions, heads with source_heads"
            );
        var usual =
            heads is null ? "pos"
            : positions is null ? "h"
            : "h.pos";
        return (
            item["unit"] is { IsMissing: false } unit ? ShortFields.Name(unit) : usual,
            Joined(positions, heads),
            Joined(sourcePositions, sourceHeads)
        );
    }

    private static UnitLocation? Joined(UnitLocation? positions, ImmutableArray<ImmutableArray<int>>? heads) =>
        (positions, heads) switch
        {
            (null, null) => null,
            (null, { } rows) => new UnitLocation(rows),
            (_, null) => positions,
            (_, { } rows) => positions with { Heads = rows },
        };

    private static UnitLocation? Positions(JsonPlace place)
    {
        if (place.IsMissing)
            return null;
        if (place.IsObject || place.IsText)
            return LocationEntryReader.Named(place);
        if (place.IsNumber)
            return UnitLocation.At(LocationEntryReader.Unit(place));
        var rows = ShortFields.Filled(place, "a position, a list of positions, or a list for each example,");
        return rows.IsRow
            ? new UnitLocation([LocationEntryReader.Row(rows)])
            : new UnitLocation([
                .. rows.Items().Select(row => LocationEntryReader.Row(ShortFields.Filled(row, "a list of positions"))),
            ]);
    }
}
