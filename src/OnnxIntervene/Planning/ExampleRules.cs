using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Planning;

/// <summary>
/// Whether the first axis of a component's tensor counts the examples of the inputs: by the names of dimensions where
/// the file has them, else by their number. Not for several threads.
/// </summary>
internal sealed class ExampleRules(Model model, ComponentMap components)
{
    private readonly ComponentExtents _named = new(new TypeInference());
    private readonly Lazy<ComponentExtents> _traced = new(() =>
        new ComponentExtents(new AxisOrigins(model.Graph).Types)
    );

    /// <summary>Whether the operator itself says which axis counts examples.</summary>
    public static bool HaveOwnAxes(ComponentSource source) => source is RecurrentSource or StepsSource or BodySource;

    /// <summary>The extent with the name of its positions, and with what contradicts it.</summary>
    public UnitExtent Judged(UnitExtent extent, Component component, InputSizes sizes)
    {
        var (examples, first, second) = _named.Of(component.Source);
        var positions = component.Layout == ComponentLayout.HeadsFirst ? second : first;
        return extent with
        {
            PositionName = positions.ToDimension().Symbol,
            Contradiction = HaveOwnAxes(component.Source)
                ? null
                : Axis(component) ?? Contradiction(extent.Examples, examples.ToDimension().Symbol, sizes),
        };
    }

    /// <summary>Whether the graph shows that the first axis of a component's tensor counts something else.</summary>
    public bool IsOfAnotherAxis(Component component)
    {
        if (HaveOwnAxes(component.Source))
            return false;
        var name = _named.Of(component.Source).Examples.ToDimension().Symbol;
        return Axis(component) is not null || CountsExamples(name) == false;
    }

    // Where the first axis is an input's axis that does not count examples.
    private string? Axis(Component component)
    {
        if (AxisOrigins.Find(_traced.Value.Of(component.Source).Examples) is not var (input, axis))
            return null;
        var wanted = components.Examples.Places.GetValueOrDefault(input);
        return axis == wanted
            ? null
            : $"its first axis is axis {axis} of the input '{input}', where axis {wanted} counts examples";
    }

    // Whether a dimension of this name counts examples; null where names do not tell.
    private bool? CountsExamples(string? name)
    {
        if (name is null || components.Examples.Name is not { } wanted)
            return null;
        var axes = Axes(name).ToList();
        return name == wanted || axes.Exists(place => place.Axis == 0 && !place.HasExamples) ? true
            : axes.Count > 0 ? false
            : null;
    }

    private string? Contradiction(int entries, string? name, InputSizes sizes)
    {
        if (CountsExamples(name) is { } counts)
            return counts
                ? null
                : $"its first axis is '{name}', but examples are counted by '{components.Examples.Name}'";

        // What every example reads, such as a table of positions, has one entry.
        if (entries == sizes.Examples || (entries == 1 && sizes.Examples is not null))
            return null;
        return sizes.Examples is { } count
            ? $"its first axis has {entries} entries, but the inputs hold {Counted(count)}"
            : "the inputs do not tell how many examples there are";
    }

    private static string Counted(int examples) => examples == 1 ? "one example" : $"{examples} examples";

    // Where the inputs have the dimension, and whether that input has the dimension of examples too.
    private IEnumerable<(int Axis, bool HasExamples)> Axes(string name)
    {
        foreach (var input in model.Graph.Inputs.Where(input => !input.IsConstant))
        {
            var names = input.Type?.Shape?.Dimensions.Select(size => size.Symbol).ToList() ?? [];
            if (names.IndexOf(name) is >= 0 and var axis)
                yield return (axis, components.Examples.Places.ContainsKey(input.Name));
        }
    }
}
