using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Execution;

/// <summary>
/// Tells how many units a component has for some inputs; where the graph's operators do not (what they give depends on
/// the inputs' contents), a run that ends there shows it.
/// </summary>
internal sealed class MeasuredUnits(LoadedModel model, UnitCounter counter)
{
    public UnitExtent Count(Component component, ModelInputs inputs, bool countsTwoAxes) =>
        counter.Find(component, inputs, countsTwoAxes) ?? Measure(component, inputs);

    private UnitExtent Measure(Component component, ModelInputs inputs)
    {
        using var lease = model.Lease(
            new SessionRecipe([new SpliceSite(component.Address, InterventionType.Collect, SiteSelection.Size)])
            {
                ReadsOnly = true,
            }
        );
        var session = lease.Session;
        var size = session.Run(inputs, [SiteFeed.Neutral], [session.Spliced.Sites[0].Read!])[0].Integers;
        if (component.Source is OneBranchSource && !size.ContainsAnyExcept(0L))
            throw UnitCounter.NotComputed(component);
        var extent = new UnitExtent(
            size.Length > 0 ? (int)size[0] : 1,
            size.Length > 1 ? (int)size[1] : 1,
            size.Length > 2 ? (int)size[2] : 0
        );
        return counter.Judged(extent, component, inputs);
    }
}
