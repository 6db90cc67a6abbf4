using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Planning;

/// <summary>
/// Whether fresh rotations fit a run, asked before they are made: making one takes the square of its width in memory,
/// and the cube in time.
/// </summary>
internal sealed class FreshFit(
    IntervenableConfig config,
    ComponentMap map,
    Func<Component, ModelInputs, bool, UnitExtent> count,
    LocationFinder finder
)
{
    /// <summary>Checks every representation whose rotation is to be made. A chain is checked by the run.</summary>
    /// <exception cref="InterventionException">The run has another number of units.</exception>
    public void Check(ModelInputs inputs, UnitLocations? locations)
    {
        var places = locations ?? UnitLocations.Everywhere;
        var representations = config.Representations;
        if (
            config.Mode == InterventionMode.Serial
            || places.Base.Length is var side && side != 1 && side != representations.Length
        )
            return;
        for (var index = 0; index < representations.Length; index++)
        {
            if (IsRotationToMake(representations[index]))
                Check(representations[index], inputs, places.BaseOf(index));
        }
    }

    private bool IsRotationToMake(RepresentationConfig representation) =>
        representation.InterventionType is { FoldsUnits: true, Begin: not null }
        && representation.Intervention is null
        && !config.Representations.Any(other =>
            other.Intervention is not null
            && representation.InterventionLinkKey is { } key
            && other.InterventionLinkKey == key
        );

    private void Check(RepresentationConfig representation, ModelInputs inputs, UnitLocation? location)
    {
        var component = map.Get(representation.Layer, representation.Component);
        var units = ResolvedUnits.Find(representation, component, location, inputs, count, finder);
        var (turned, given) = (
            Math.Max(1, representation.MaxNumberOfUnits),
            units.Shape.Length > 1 ? units.Shape[1] : 1
        );
        if (!units.IsRagged && turned != given)
            throw new InterventionException(
                $"{representation} turns {turned} × {component.Width} elements together, but the run has {given} × "
                    + $"{component.Width} of each example. Set units (max_number_of_units) to {given}, or choose "
                    + $"other positions."
            );
    }
}
