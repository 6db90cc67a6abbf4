using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;

namespace OnnxIntervene.Comparing;

/// <summary>Finds what two models have in common, and says why the rest is not compared.</summary>
internal sealed class CommonComponents
{
    private readonly ImmutableArray<ComponentAddress>.Builder _common =
        ImmutableArray.CreateBuilder<ComponentAddress>();
    private readonly ImmutableArray<OmittedComponent>.Builder _omitted =
        ImmutableArray.CreateBuilder<OmittedComponent>();

    private CommonComponents() { }

    /// <summary>What is compared.</summary>
    public ImmutableArray<ComponentAddress> Addresses => _common.ToImmutable();

    /// <summary>What is not, with the reasons.</summary>
    public ImmutableArray<OmittedComponent> Omitted => _omitted.ToImmutable();

    /// <summary>Compares the components of two maps.</summary>
    /// <exception cref="InterventionException">
    /// The models differ in layers or vocabulary, a component that is asked for is in neither, or nothing is in common.
    /// </exception>
    public static CommonComponents Of(ComponentMap a, ComponentMap b, ModelComparisonRequest request)
    {
        RequireOneModel(a, b);
        var found = new CommonComponents();
        var wanted = WantedComponents.Of(request, b, a);
        var others = a.Components.Where(Whole).ToDictionary(component => component.Address);
        foreach (var component in b.Components.Where(Whole).Where(component => wanted(component.Address)))
            found.Add(component, others.GetValueOrDefault(component.Address));
        var own = b.Components.Select(component => component.Address).ToHashSet();
        foreach (var address in others.Keys.Where(address => wanted(address) && !own.Contains(address)))
            found._omitted.Add(new OmittedComponent(address, "B has none"));
        return found._common.Count > 0
            ? found
            : throw new InterventionException(
                "A and B have no component in common. "
                    + (
                        found._omitted.Count > 0
                            ? $"The first that was left out is {found._omitted[0].Address}: {found._omitted[0].Reason}."
                            : "inspect shows what was found in each."
                    )
            );
    }

    // A head is a part of the whole.
    private static bool Whole(Component component) => component.Layout != ComponentLayout.HeadsInWidth;

    private void Add(Component b, Component? a)
    {
        if (Difference(a, b) is { } reason)
            _omitted.Add(new OmittedComponent(b.Address, reason));
        else
            _common.Add(b.Address);
    }

    private static string? Difference(Component? a, Component b) =>
        a is null ? "A has none"
        : a.Source is OneBranchSource || b.Source is OneBranchSource ? "it is in one branch of an If alone"
        : a.Width != b.Width || a.Heads != b.Heads ? $"it is {Size(a)} in A and {Size(b)} in B"
        : a.Meaning != b.Meaning && a.Meaning != ComponentMeaning.Usual && b.Meaning != ComponentMeaning.Usual
            ? $"it is {a.Meaning.Text()} in A, and {b.Meaning.Text()} in B"
        : null;

    private static string Size(Component component) =>
        component.Width > 0 ? $"{component.Width} wide" : $"in {component.Heads} heads";

    private static void RequireOneModel(ComponentMap a, ComponentMap b)
    {
        foreach (var stack in b.Stacks)
        {
            var other = a.Stacks.FirstOrDefault(item =>
                stack.IsMain ? item.IsMain : !item.IsMain && item.Name == stack.Name
            );
            if (other is not null && other.LayerCount != stack.LayerCount)
                throw new InterventionException(
                    $"A has {other.LayerCount} layers{In(stack)}, B has {stack.LayerCount}: they are not two files of "
                        + "one model."
                );
        }

        if (a.Limits.Vocabulary is { } first && b.Limits.Vocabulary is { } second && first != second)
            throw new InterventionException(
                $"A's vocabulary has {first} tokens, B's {second}: they are not two files of one model, and their "
                    + "distributions cannot be compared."
            );
    }

    private static string In(ComponentStack stack) => stack.IsMain ? "" : $" in '{stack.Name}'";
}
