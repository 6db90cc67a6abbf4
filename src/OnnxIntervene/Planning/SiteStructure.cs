using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Planning;

/// <summary>
/// What is spliced for an intervention: everything that does not depend on a run's locations, sources and numbers.
/// </summary>
internal static class SiteStructure
{
    /// <exception cref="IR.InterventionException">
    /// The kind reads what the module reads, and that is not a component.
    /// </exception>
    public static SpliceSite Of(
        RepresentationConfig representation,
        Intervention intervention,
        ComponentMap map,
        bool isWhole,
        bool hasSubspaces
    )
    {
        var component = map.Get(representation.Layer, representation.Component);
        var type = intervention.Type;
        return new SpliceSite(component.Address, type, isWhole ? SiteSelection.Whole : SiteSelection.Units)
        {
            Sizes = intervention.Sizes,
            UnitsPerRow = UnitsPerRow(intervention, component),
            HasSubspaces = hasSubspaces && !type.ReadsBase,
            CountsTwoAxes = UnitRules.CountsTwoAxes(representation, component),
            ParameterSet = type.HasParameters ? representation.InterventionLinkKey : null,
            ModuleInput = SiteRules.ModuleInput(representation, intervention, map),
            Custom = intervention as CustomIntervention,
        };
    }

    /// <summary>How many units of an example are one row to the kind.</summary>
    public static int UnitsPerRow(Intervention intervention, Component component) =>
        intervention.Type.FoldsUnits && component.Width > 0
            ? Math.Max(1, intervention.Sizes.Width / component.Width)
            : 1;
}
