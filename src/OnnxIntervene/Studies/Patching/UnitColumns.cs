using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Studies.Patching;

/// <summary>
/// The rows and columns of a sweep over one component, and which units of it each place stands for in each prompt.
/// </summary>
internal sealed class UnitColumns
{
    private readonly PatchUnits _units;
    private readonly PositionColumns _positions;
    private readonly Component _component;

    private UnitColumns(
        Component component,
        ImmutableArray<ComponentAddress> sites,
        PatchUnits units,
        PositionColumns positions
    )
    {
        (_component, Sites, _units, _positions) = (component, sites, units, positions);
        Layout = LayoutOf();
    }

    /// <summary>What the results show.</summary>
    public GridLayout Layout { get; }

    /// <summary>
    /// Whether units of attention probabilities are queries of heads: where a cell is not all of a head's.
    /// </summary>
    public bool CountsQueries =>
        _component.Layout == ComponentLayout.HeadsFirst
        && (_units is PatchUnits.Position or PatchUnits.HeadAndPosition || !_positions.IsWhole);

    /// <summary>The component in each of the layers.</summary>
    public ImmutableArray<ComponentAddress> Sites { get; }

    /// <summary>Finds them.</summary>
    /// <param name="components">The model's components.</param>
    /// <param name="name">The component.</param>
    /// <param name="layers">The layers; all when empty.</param>
    /// <param name="units">What a cell is; null for the component's own.</param>
    /// <param name="positions">The positions.</param>
    /// <exception cref="InterventionException">
    /// A component does not exist, or has no heads or positions that are asked for.
    /// </exception>
    public static UnitColumns Of(
        ComponentMap components,
        string name,
        ImmutableArray<int> layers,
        PatchUnits? units,
        PositionColumns positions
    )
    {
        var sites = PatchSites.Of(components, name, layers);
        var component = components.Get(sites[0]);
        var wanted = units ?? (component.Layout == ComponentLayout.Positions ? PatchUnits.Position : PatchUnits.Head);
        Require(component, wanted);
        foreach (var other in sites.Select(components.Get).Where(other => other.Heads != component.Heads))
            throw new InterventionException(
                $"{component} has {component.Heads} heads and {other} has {other.Heads}, so their heads make no grid. "
                    + "Choose layers that have equally many."
            );
        if (wanted is PatchUnits.Position or PatchUnits.HeadAndPosition)
            positions.RequireEqualLengths();
        return new UnitColumns(component, sites, wanted, positions);
    }

    /// <summary>The number of a row's site.</summary>
    public int SiteOf(int row) => _units == PatchUnits.HeadAndPosition ? row / _component.Heads : row;

    /// <summary>The units of a place in a prompt.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="row">The row.</param>
    /// <param name="column">The column.</param>
    public IEnumerable<int> UnitsOf(int prompt, int row, int column) =>
        _component.Layout switch
        {
            ComponentLayout.Positions => PositionsOf(prompt, column),
            ComponentLayout.HeadsFirst when !CountsQueries => HeadsOf(row, column),
            _ => PositionsOf(prompt, column)
                .SelectMany(position => HeadsOf(row, column).Select(head => (position * _component.Heads) + head)),
        };

    private IEnumerable<int> HeadsOf(int row, int column) =>
        _units switch
        {
            PatchUnits.Head => [column],
            PatchUnits.HeadAndPosition => [row % _component.Heads],
            _ => Enumerable.Range(0, _component.Heads),
        };

    private ImmutableArray<int> PositionsOf(int prompt, int column) =>
        _units is PatchUnits.Position or PatchUnits.HeadAndPosition
            ? _positions.Of(prompt, column)
            : _positions.All(prompt);

    private GridLayout LayoutOf()
    {
        var heads = Enumerable.Range(0, _component.Heads).Select(head => $"{head}").ToImmutableArray();
        ImmutableArray<string> layers = [.. Sites.Select(site => $"{site.Layer}")];
        var name = Sites[0].FullName;
        return _units switch
        {
            PatchUnits.Position => new GridLayout(name, layers, _positions.Labels, "position"),
            PatchUnits.Head => new GridLayout(name, layers, heads, "head"),
            PatchUnits.HeadAndPosition => new GridLayout(
                name,
                [.. layers.SelectMany(layer => heads.Select(head => $"{layer}.{head}"))],
                _positions.Labels,
                "position"
            ),
            _ => new GridLayout(name, layers, ["all"], "layer"),
        };
    }

    private static void Require(Component component, PatchUnits units)
    {
        if (component.Layout == ComponentLayout.Positions && units is PatchUnits.Head or PatchUnits.HeadAndPosition)
            throw new InterventionException(
                $"{component} has no heads. Choose positions, or a component with heads such as "
                    + "head_attention_value_output."
            );
    }
}
