using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Planning;

/// <summary>
/// Counts a component's positions or steps for given inputs without running anything. There are as many as tokens,
/// except where the input is not a row of tokens (pixels, features), or the component is a raw tensor or is computed
/// from another stream: there, as many as the graph's operators output for inputs of these sizes. Safe for concurrent
/// calls.
/// </summary>
internal sealed class UnitCounter(Model model, ComponentMap components)
{
    private readonly Dictionary<(string Address, string Inputs, bool CountsTwo), UnitExtent?> _known = [];
    private readonly Lock _lock = new();
    private (string Inputs, ComponentExtents Extents)? _last;

    /// <summary>How many units there are.</summary>
    /// <exception cref="InterventionException">Only a run can determine it.</exception>
    public UnitExtent Count(Component component, ModelInputs inputs, bool countsTwoAxes) =>
        Find(component, inputs, countsTwoAxes)
        ?? throw new InterventionException(
            $"How many units {component} has depends on more than the sizes of the inputs; only a run can determine it."
        );

    /// <summary>How many units there are; null when only a run can determine it.</summary>
    public UnitExtent? Find(Component component, ModelInputs inputs, bool countsTwoAxes)
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
        var text = PredictedInputs.Text(inputs);
        lock (_lock)
        {
            var key = (component.Address.ToString(), text, countsTwoAxes);
            if (!_known.TryGetValue(key, out var extent))
                _known.Add(key, extent = Extents(inputs, text).Of(component, countsTwoAxes));
            return extent;
        }
    }

    // One run's components are asked for one after the other, so the last run's answer is kept.
    private ComponentExtents Extents(ModelInputs inputs, string text)
    {
        if (_last is not { } last || last.Inputs != text)
            _last = last = (
                text,
                new ComponentExtents(TypeInference.Bind(model.Graph, PredictedInputs.Of(model, components, inputs)))
            );
        return last.Extents;
    }

    // The keys and values of cross-attention have another stream's positions.
    private static bool ReadsElsewhere(Component component) =>
        component.Address.Name.Contains(ComponentNames.CrossPrefix + ComponentNames.KeyOutput, StringComparison.Ordinal)
        || component.Address.Name.Contains(
            ComponentNames.CrossPrefix + ComponentNames.ValueOutput,
            StringComparison.Ordinal
        );
}
