using System.Collections.Concurrent;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Execution;

/// <summary>
/// Tells how many positions or steps a component has for some inputs: as many as there are tokens, or, where the input
/// is no row of
/// tokens (pixels, features), the component a raw tensor or made of another stream, as many as a run of the plain model
/// shows.
/// </summary>
internal sealed class UnitCounter(LoadedModel model)
{
    private readonly ConcurrentDictionary<string, UnitExtent> _measured = new(StringComparer.Ordinal);

    public UnitExtent Count(Component component, ModelInputs inputs, bool countsTwoAxes)
    {
        if (component.Layout == ComponentLayout.HeadsFirst && !countsTwoAxes)
            return new UnitExtent(component.Heads);
        if (
            !component.IsRaw
            && !ReadsElsewhere(component)
            && component.Layout != ComponentLayout.HeadsFirst
            && inputs.Arrays.ContainsKey(ModelInputs.TokenInput)
        )
            return new UnitExtent(inputs.Length);
        var sizes = inputs
            .Arrays.OrderBy(array => array.Key, StringComparer.Ordinal)
            .Select(array => $"{array.Key}{array.Value}");
        return _measured.GetOrAdd($"{component.Address} {string.Join(' ', sizes)}", _ => Measure(component, inputs));
    }

    // The keys and values of cross-attention stand at another stream's positions.
    private static bool ReadsElsewhere(Component component) =>
        component.Address.Name.Contains(ComponentNames.CrossPrefix + ComponentNames.KeyOutput, StringComparison.Ordinal)
        || component.Address.Name.Contains(
            ComponentNames.CrossPrefix + ComponentNames.ValueOutput,
            StringComparison.Ordinal
        );

    private UnitExtent Measure(Component component, ModelInputs inputs)
    {
        using var lease = model.Lease([
            new SpliceSite(component.Address, InterventionType.Collect, SiteSelection.Size),
        ]);
        var size = lease.Session.Run(inputs, [SiteFeed.Neutral], [lease.Session.Spliced.Sites[0].Read!])[0].Integers;
        return new UnitExtent(size.Length > 1 ? (int)size[1] : 1, size.Length > 2 ? (int)size[2] : 0);
    }
}
