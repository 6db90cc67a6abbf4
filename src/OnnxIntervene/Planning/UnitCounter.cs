using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Planning;

/// <summary>
/// Counts a component's examples and its positions or steps for given inputs, without running anything: as many as the
/// graph's operators output for inputs of these sizes. Where the model reads nothing but one text, they are those of
/// its tokens. Safe for concurrent calls.
/// </summary>
internal sealed class UnitCounter(Model model, ComponentMap components)
{
    private readonly Dictionary<(string Address, string Inputs, bool CountsTwo), UnitExtent?> _known = [];
    private readonly Lock _lock = new();
    private readonly Lazy<bool> _readsOneText = new(() => ReadsOneText(model.Graph));
    private readonly ExampleRules _rules = new(model, components);
    private readonly Dictionary<ComponentAddress, bool> _startsWithExamples = [];
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
        if (
            !component.IsRaw
            && _readsOneText.Value
            && (component.Layout != ComponentLayout.HeadsFirst || !countsTwoAxes)
            && inputs.Arrays.TryGetValue(ModelInputs.TokenInput, out var tokens)
            && tokens.Shape is [var examples, var length]
            && StartsWithExamples(component)
        )
            return new UnitExtent(examples, component.Layout == ComponentLayout.HeadsFirst ? component.Heads : length);
        var text = PredictedInputs.Text(inputs);
        lock (_lock)
        {
            var key = (component.Address.ToString(), text, countsTwoAxes);
            if (!_known.TryGetValue(key, out var extent))
                _known.Add(key, extent = Counted(component, inputs, text, countsTwoAxes));
            return extent;
        }
    }

    /// <summary>What was counted, with what contradicts it.</summary>
    public UnitExtent Judged(UnitExtent extent, Component component, ModelInputs inputs)
    {
        lock (_lock)
            return _rules.Judged(extent, component, InputSizes.Of(inputs, components));
    }

    /// <summary>The error for a component in a branch of an If where another one runs.</summary>
    public static InterventionException NotComputed(Component component) =>
        new(
            $"{component} is in the {((OneBranchSource)component.Source).Path[^1]}, which these inputs do not take; "
                + "there is nothing to read or change."
        );

    private bool StartsWithExamples(Component component)
    {
        lock (_lock)
        {
            if (!_startsWithExamples.TryGetValue(component.Address, out var starts))
                _startsWithExamples.Add(component.Address, starts = !_rules.IsOfAnotherAxis(component));
            return starts;
        }
    }

    private UnitExtent? Counted(Component component, ModelInputs inputs, string text, bool countsTwoAxes)
    {
        var sizes = InputSizes.Of(inputs, components);
        var extents = Extents(inputs, text);
        if (extents.IsComputed(component.Source) is not true and var isComputed)
            return isComputed is null ? null : throw NotComputed(component);
        var (rows, first, second) = extents.Of(component.Source);
        var examples = rows.Number ?? (ExampleRules.HaveOwnAxes(component.Source) ? sizes.Examples : null);
        var units = component.Layout == ComponentLayout.HeadsFirst && !countsTwoAxes ? component.Heads : first.Number;
        if (examples is null || units is null || (countsTwoAxes && second.Number is null))
            return null;
        return _rules.Judged(
            new UnitExtent(
                checked((int)examples),
                checked((int)units),
                countsTwoAxes ? checked((int)second.Number!) : 0
            ),
            component,
            sizes
        );
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

    // All else is filled in, and has the sizes of the tokens.
    internal static bool ReadsOneText(Graph graph) =>
        graph
            .Inputs.Where(input => !input.IsConstant)
            .All(input => input.Name == ModelInputs.TokenInput || InputFiller.IsOfTheText(input.Name));
}
