using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Paths;

/// <summary>Which units of which components receive.</summary>
internal sealed class ReceiverUnits
{
    private readonly ImmutableArray<PathReceiver> _receivers;
    private readonly bool _isLogits;

    private ReceiverUnits(
        ImmutableArray<PathReceiver> receivers,
        ImmutableArray<ComponentAddress> sites,
        bool isLogits
    ) => (_receivers, Sites, _isLogits) = (receivers, sites, isLogits);

    /// <summary>Their components, each once.</summary>
    public ImmutableArray<ComponentAddress> Sites { get; }

    /// <summary>The last layer that receives.</summary>
    public int LastLayer => Sites.Max(site => site.Layer);

    /// <summary>Finds them.</summary>
    /// <param name="components">The model's components.</param>
    /// <param name="receivers">The receivers; the stream before the logits when empty.</param>
    /// <exception cref="InterventionException">A component or a head does not exist.</exception>
    public static ReceiverUnits Of(ComponentMap components, ImmutableArray<PathReceiver> receivers)
    {
        if (receivers.IsEmpty)
            return new ReceiverUnits(
                [],
                [new ComponentAddress(components.LayerCount - 1, ComponentNames.BlockOutput)],
                isLogits: true
            );
        foreach (var receiver in receivers)
        {
            var component = components.Get(receiver.Layer, receiver.Component);
            if (receiver.Head is { } head && head >= component.Heads)
                throw new InterventionException(
                    component.Heads == 0
                        ? $"{component} has no heads, so '{receiver}' does not exist; write it without the head."
                        : $"{component} has the heads 0 to {component.Heads - 1}, so '{receiver}' does not exist."
                );
        }

        return new ReceiverUnits(
            receivers,
            [
                .. receivers
                    .Select(receiver => components.Resolve(components.AddressOf(receiver.Layer, receiver.Component)))
                    .Distinct(),
            ],
            isLogits: false
        );
    }

    /// <summary>The units that receive: the number of a site, and a unit of it.</summary>
    /// <param name="grids">The units of each site.</param>
    /// <param name="measured">Where logits are read; null for the last position.</param>
    public IEnumerable<(int Site, int Unit)> UnitsOf(ImmutableArray<UnitGrid> grids, int? measured) =>
        Enumerable
            .Range(0, Sites.Length)
            .SelectMany(site =>
                Enumerable
                    .Range(0, grids[site].Count)
                    .Where(unit => Receives(site, grids[site], unit, measured))
                    .Select(unit => (site, unit))
            );

    // Logits are measured at one position.
    private bool Receives(int site, UnitGrid grid, int unit, int? measured) =>
        _isLogits
            ? unit == (measured ?? grid.Length - 1)
            : _receivers.Any(receiver =>
                (receiver.Layer, receiver.Component) == (Sites[site].Layer, Sites[site].FullName)
                && (receiver.Head is not { } head || HeadOf(grid, unit) == head)
            );

    private static int HeadOf(UnitGrid grid, int unit) =>
        grid.Component.Layout == ComponentLayout.HeadsInWidth ? unit % grid.Component.Heads : unit;
}
