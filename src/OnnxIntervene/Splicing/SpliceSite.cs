using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions.Kinds;

namespace OnnxIntervene.Splicing;

/// <summary>
/// One place of a model to splice: which component, what happens there, and whether its units are chosen at run time.
/// </summary>
/// <param name="Address">The component.</param>
/// <param name="Type">The kind of intervention.</param>
/// <param name="Selection">Whether a run chooses units, or the whole tensor is meant.</param>
public sealed record SpliceSite(
    ComponentAddress Address,
    InterventionType Type,
    SiteSelection Selection = SiteSelection.Units
)
{
    /// <summary>The sizes of the kind's parameters; default where it has none.</summary>
    public InterventionSizes Sizes { get; init; }

    /// <summary>How many units of an example are one row to the kind.</summary>
    public int UnitsPerRow { get; init; } = 1;

    /// <summary>Whether a run chooses dimensions.</summary>
    public bool HasSubspaces { get; init; }

    /// <summary>
    /// Whether units are counted on the second and third axis of the tensor, not on the second alone.
    /// </summary>
    public bool CountsTwoAxes { get; init; }

    /// <summary>Sites with the same number share their parameters' inputs; null for separate inputs.</summary>
    public int? ParameterSet { get; init; }

    /// <summary>The component that the module reads, where the kind reads it.</summary>
    public ComponentAddress? ModuleInput { get; init; }

    /// <summary>The user's own kind; null for the others.</summary>
    public CustomIntervention? Custom { get; init; }

    /// <summary>The heads that a site acts on always; all of them where left out.</summary>
    internal ImmutableArray<int> Heads { get; init; }

    /// <summary>Whether a site that acts always has an input that turns it on.</summary>
    internal bool HasSwitch { get; init; }

    /// <summary>Whether the source is multiplied with its coefficient already.</summary>
    internal bool IsSourceScaled { get; init; }

    /// <summary>
    /// A site that only reads what this one reads of a source: the component, or for Skip what the module reads.
    /// </summary>
    internal SpliceSite ToRead() =>
        new(Type.IsSourceModuleInput ? ModuleInput!.Value : Address, InterventionType.Collect)
        {
            CountsTwoAxes = CountsTwoAxes,
        };

    /// <summary>
    /// How many numbers address a unit: 3 where a unit is a head at a position, or an entry of two axes, else 2.
    /// </summary>
    internal int LocationWidthOf(Component component) => UnitAddress.LengthOf(component, CountsTwoAxes);

    /// <summary>Axes of one unit.</summary>
    internal int UnitAxesOf(Component component) =>
        component.UnitAxes - (CountsTwoAxes && component.Layout != ComponentLayout.HeadsInWidth ? 1 : 0);
}
