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
        var named = new NamedSearch(modules).Run();
        var structure = StructureSearch.Run(model);
        if (named.LayerCount > 0 && structure.Length != named.LayerCount)
            return new ComponentMap(model, named.Family, named.LayerCount, named.Components, named.Missing);
        var byName = named.Components.ToDictionary(component => component.Address);
        foreach (var component in structure.SelectMany(layer => layer))
            Merge(byName.GetValueOrDefault(component.Address), component);
        var found = _components
            .Select(component => component.Address)
            .Concat(_missing.Select(missing => missing.Address))
            .ToHashSet();
        _components.AddRange(named.Components.Where(component => !found.Contains(component.Address)));
        var known = _components
            .Select(component => component.Address)
            .Concat(_missing.Select(missing => missing.Address))
            .ToHashSet();
        _missing.AddRange(named.Missing.Where(missing => named.Family is not null && !known.Contains(missing.Address)));
        _missing.AddRange(
            MissingParts.Of(_components, structure.Length).Where(missing => !known.Contains(missing.Address))
        );
        return new ComponentMap(model, named.Family, structure.Length, Ordered(), _missing);
    }

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

    private ImmutableArray<Component> Ordered() =>
        [
            .. _components
                .OrderBy(component => component.Address.Layer)
                .ThenBy(component => ComponentNames.Order(component.Address.Name)),
        ];
}
