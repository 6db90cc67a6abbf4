using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Components.Naming;
using OnnxIntervene.Components.Structure;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components;

/// <summary>
/// Combines what names say with what the graph's structure says; where they contradict each other, neither is
/// used.
/// </summary>
internal sealed class ComponentSearch(Model model)
{
    private readonly List<Component> _components = [];
    private readonly List<MissingComponent> _missing = [];

    public ComponentMap Run()
    {
        var modules = ModuleTree.Of(model.Graph);
        var structure = StructureSearch.Run(model, modules);
        var main = structure.MainLayers;
        var named = structure.Stacks.Length > 0 && main.IsEmpty ? NameFindings.None : new NamedSearch(modules).Run();
        var isNamedAlone = named.LayerCount > 0 && main.Length != named.LayerCount;
        var seen = structure.Stacks.Where(stack => !(isNamedAlone && stack.IsMain)).ToList();
        _missing.AddRange(seen.SelectMany(stack => stack.Missing));
        if (isNamedAlone)
            Take(named);
        else
            Combine(named, main);
        _components.AddRange(
            seen.Where(stack => !stack.IsMain).SelectMany(stack => stack.Layers.SelectMany(layer => layer))
        );
        var known = Known();
        _missing.AddRange(
            seen.SelectMany(stack => MissingParts.Of(_components, Describe(stack)))
                .Where(missing => !known.Contains(missing.Address))
        );
        var stacks = seen.Select(Describe).ToList();
        if (isNamedAlone)
            stacks.Insert(0, new ComponentStack(structure.MainName, named.LayerCount, true));
        return new ComponentMap(model, named.Family, stacks, ComponentOrder.Of(_components, stacks), _missing)
        {
            LeftOut = structure.LeftOut,
        };
    }

    private static ComponentStack Describe(FoundStack stack) => new(stack.Name, stack.Layers.Length, stack.IsMain);

    private void Take(NameFindings named)
    {
        _components.AddRange(named.Components);
        _missing.AddRange(named.Missing);
    }

    private void Combine(NameFindings named, ImmutableArray<ImmutableArray<Component>> layers)
    {
        var byName = named.Components.ToDictionary(component => component.Address);
        foreach (var component in layers.SelectMany(layer => layer))
            Merge(byName.GetValueOrDefault(component.Address), component);
        var found = Known();
        _components.AddRange(named.Components.Where(component => !found.Contains(component.Address)));
        var known = Known();
        _missing.AddRange(named.Missing.Where(missing => named.Family is not null && !known.Contains(missing.Address)));
    }

    private HashSet<ComponentAddress> Known() =>
        [.. _components.Select(component => component.Address), .. _missing.Select(missing => missing.Address)];

    private void Merge(Component? named, Component structural)
    {
        if (
            named is null
            || (SourceComparison.AreSame(named.Source, structural.Source) && Agree(named.Heads, structural.Heads))
        )
        {
            _components.Add(structural with { Width = structural.Width > 0 ? structural.Width : named?.Width ?? 0 });
            return;
        }

        _missing.Add(
            new MissingComponent(
                structural.Address,
                $"the names say '{named.Source.Description}' ({named.Width} wide, {named.Heads} heads), but the "
                    + $"graph's structure says "
                    + $"'{structural.Source.Description}' ({structural.Width} wide, {structural.Heads} heads)"
            )
        );
    }

    private static bool Agree(int left, int right) => left == 0 || right == 0 || left == right;
}
