using OnnxIntervene.Components;
using OnnxIntervene.Interventions;

namespace OnnxIntervene.Splicing;

/// <summary>One place of a model to splice: which component, what happens there, and whether its units are chosen at run time.</summary>
/// <param name="Address">The component.</param>
/// <param name="Type">The kind of intervention.</param>
/// <param name="Selection">Whether a run chooses units, or the whole tensor is meant.</param>
public sealed record SpliceSite(ComponentAddress Address, InterventionType Type, SiteSelection Selection = SiteSelection.Units);
