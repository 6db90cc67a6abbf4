using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Planning;

/// <summary>Whether an intervention, its units and its sources fit a component.</summary>
internal static class SiteRules
{
    public static void Check(
        RepresentationConfig representation,
        Intervention intervention,
        Component component,
        ComponentMap map,
        ResolvedUnits units,
        ResolvedUnits? source,
        bool collectsUnits
    )
    {
        if (source is not null && source.Counts.Length != units.Counts.Length)
            throw new InterventionException(
                $"The source of {representation} holds {source.Counts.Length} examples, the base "
                    + $"{units.Counts.Length}."
            );
        if (
            source is not null
            && !(source.Counts.SequenceEqual(units.Counts) && source.Shape.SequenceEqual(units.Shape))
        )
        {
            throw new InterventionException(
                $"{representation}: the source has {Show(source)} units an example, the base {Show(units)}; they "
                    + $"must be equally many."
            );
        }

        var isOneArray = intervention.Type.ReadsBase && !(collectsUnits && intervention.Type.ReadsOnly);
        if (units.IsRagged && (intervention.Type.FoldsUnits || isOneArray))
            throw new InterventionException(
                $"{representation}: examples have {Show(units)} units; they must be equally many to be one array."
            );
        CheckWidth(representation, intervention, component, units);
        if (intervention.Type.ReadsModuleInput)
            CheckModuleInput(representation, intervention, component, map);
    }

    /// <summary>The component that the module reads; null where the kind does not read it.</summary>
    /// <exception cref="InterventionException">What the module reads is not a component.</exception>
    public static ComponentAddress? ModuleInput(
        RepresentationConfig representation,
        Intervention intervention,
        ComponentMap map
    )
    {
        if (!intervention.Type.ReadsModuleInput)
            return null;
        var address = map.Get(representation.Layer, representation.Component).Address;
        var name =
            intervention.NamedModuleInput
            ?? ComponentNames.InputOf(address.Name)
            ?? throw new InterventionException(
                $"{representation}: what the module at '{representation.Component}' reads is not a component; use "
                    + $"block_output, mlp_output, attention_output or a projection."
            );
        return (
            ComponentNames.IsKnown(name) ? map.Get(address with { Name = name }) : map.Get(address.Layer, name)
        ).Address;
    }

    public static void CheckConstant(
        RepresentationConfig representation,
        Component component,
        ResolvedUnits units,
        NumericArray? constant
    )
    {
        if (constant is null)
            return;
        var width = component.Width;
        if (component.UnitAxes > 1 && width == 0)
            throw new InterventionException(
                $"{representation}: a unit of '{component.Address.Name}' is an array of {component.UnitAxes} axes, "
                    + "to which no constant source fits; give the source as inputs."
            );

        // One number stretches over a unit, as it does in torch.
        if (constant.IsInteger || constant.Shape is not [.., var last] || (last != width && last != 1 && width > 0))
            throw new InterventionException(
                $"{representation} is {width} wide, but its constant source is {constant}. Was it taken from "
                    + $"another component?"
            );
        var target = RowShape(component, units);
        if (!ArrayBroadcast.Fits(constant, target))
            throw new InterventionException(
                $"{representation} writes [{string.Join(", ", target)}], to which the constant source {constant} "
                    + $"does not broadcast."
            );
    }

    /// <summary>The shape of a value for each unit: the units' own where a unit is a number.</summary>
    public static int[] RowShape(Component component, ResolvedUnits units)
    {
        int[] shape = units.IsRagged ? [units.Count] : [.. units.Shape];
        return component.UnitAxes == 0 ? shape : [.. shape, component.Width];
    }

    // A row of the kind is one unit, or all units of an example.
    private static void CheckWidth(
        RepresentationConfig representation,
        Intervention intervention,
        Component component,
        ResolvedUnits units
    )
    {
        var width = intervention.Sizes.Width;
        if (width == 0)
            return;
        if (component.Width == 0)
            throw new InterventionException(
                $"{representation}: the width of '{representation.Component}' is unknown, so parameters for "
                    + $"{width} cannot be checked."
            );
        var folded = intervention.Type.FoldsUnits && units.Shape.Length > 1 ? units.Shape[1] : 1;
        if (width != component.Width * folded)
        {
            var count =
                folded > 1
                    ? $"{folded} units of {component.Width}, {folded * component.Width} together"
                    : $"{component.Width}";
            throw new InterventionException(
                $"{representation} is {count} wide, but the parameters of the intervention are for {width}. Were "
                    + $"they made for another component?"
            );
        }
    }

    /// <summary>Throws where what the module reads does not fit the parameters.</summary>
    public static void CheckModuleInput(
        RepresentationConfig representation,
        Intervention intervention,
        Component component,
        ComponentMap map
    )
    {
        var address = ModuleInput(representation, intervention, map)!.Value;
        var input = map.Get(address);
        if (component.Layout != ComponentLayout.Positions || input.Layout != ComponentLayout.Positions)
            throw new InterventionException($"{representation}: the kind takes whole positions, not heads.");
        var wanted = intervention.Type.ComputesWithModuleInput ? intervention.Sizes.InputWidth : component.Width;
        if (input.Width != wanted)
            throw new InterventionException(
                $"{representation}: the module reads '{input.Address.Name}', which is {input.Width} wide, but "
                    + $"{wanted} is needed. Were the parameters made for another model?"
            );
    }

    private static string Show(ResolvedUnits units) =>
        units.IsRagged ? string.Join(" and ", units.Counts.Distinct()) : string.Join(" × ", units.Shape.Skip(1));
}
