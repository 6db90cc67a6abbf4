using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Studies.Grids;

namespace OnnxIntervene.Studies.Patching;

/// <summary>The cells of sweeps over several components, one place each: component by component, row by row.</summary>
internal sealed class GridCells
{
    private readonly ImmutableArray<UnitColumns> _grids;
    private readonly ImmutableArray<int> _firstCells;
    private readonly ImmutableArray<int> _firstSites;

    public GridCells(ImmutableArray<UnitColumns> grids)
    {
        _grids = grids;
        _firstCells = Starts(grids.Select(grid => grid.Layout.Count));
        _firstSites = Starts(grids.Select(grid => grid.Sites.Length));
        Layouts = [.. grids.Select(grid => grid.Layout)];
        Sites = [.. grids.SelectMany(grid => grid.Sites)];
    }

    /// <summary>What the results show.</summary>
    public ImmutableArray<GridLayout> Layouts { get; }

    /// <summary>The components that cells write.</summary>
    public ImmutableArray<ComponentAddress> Sites { get; }

    /// <summary>Whether units of attention probabilities are queries of heads, not whole heads.</summary>
    public bool CountsQueries => _grids.Any(grid => grid.CountsQueries);

    /// <summary>How many cells there are.</summary>
    public int Count => _firstCells[^1];

    /// <summary>Where a cell belongs.</summary>
    public GridPlace PlaceOf(int cell)
    {
        var grid = Holder(_firstCells, cell);
        var (row, column) = Math.DivRem(cell - _firstCells[grid], Layouts[grid].Columns.Length);
        return new GridPlace(grid, row, column);
    }

    /// <summary>What a cell changes in a prompt: the number of a site, and a unit of it.</summary>
    public IEnumerable<(int Site, int Unit)> UnitsOf(int prompt, int cell)
    {
        var place = PlaceOf(cell);
        var grid = _grids[place.Grid];
        var site = _firstSites[place.Grid] + grid.SiteOf(place.Row);
        return grid.UnitsOf(prompt, place.Row, place.Column).Select(unit => (site, unit));
    }

    private static ImmutableArray<int> Starts(IEnumerable<int> counts)
    {
        var starts = new List<int> { 0 };
        foreach (var count in counts)
            starts.Add(starts[^1] + count);
        return [.. starts];
    }

    private static int Holder(ImmutableArray<int> starts, int number)
    {
        var holder = 0;
        while (starts[holder + 1] <= number)
            holder++;
        return holder;
    }
}
