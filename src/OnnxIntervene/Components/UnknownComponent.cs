using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;

namespace OnnxIntervene.Components;

/// <summary>Says why a model has no such component, and what it has.</summary>
internal sealed class UnknownComponent(ComponentMap map, IEnumerable<string> tensors)
{
    public InterventionException Fault(ComponentAddress address)
    {
        if (map.Missing.FirstOrDefault(missing => missing.Address == address) is { } known)
            return new InterventionException($"{address} was not found in this model: {known.Reason}.");
        if (address.Stack is { } name && map.Stacks.All(stack => stack.Name != name))
            return new InterventionException($"The model has no stack of layers '{name}'. {StacksOf()}");
        var layers = map
            .Components.Select(component => component.Address)
            .Where(known => known.Name == address.Name && known.Stack == address.Stack)
            .Select(known => known.Layer)
            .Order()
            .ToList();
        var count =
            map.Stacks.FirstOrDefault(stack =>
                address.Stack is null ? stack.IsMain : stack.Name == address.Stack
            )?.LayerCount
            ?? 0;
        var where = address.Stack is null ? "the model" : address.Stack;
        if (layers.Count > 0 && address.Layer < count)
            return new InterventionException(
                $"Layer {address.Layer} has no {address.Name}; the layers {string.Join(", ", layers)} have it."
            );
        if (layers.Count > 0)
            return new InterventionException(
                $"There is no layer {address.Layer}: {where} has the layers 0 to {count - 1}."
            );
        return address.Stack is null && map.Components.Any(component => component.Address.Name == address.Name)
            ? new InterventionException($"'{address.Name}' may be in several stacks of layers. {StacksOf()}")
            : NoSuchName(address);
    }

    private InterventionException NoSuchName(ComponentAddress address)
    {
        if (TransformerLensNames.IsOne(address.Name))
            return new InterventionException(
                $"'{address.Name}' is neither a tensor of this model nor a TransformerLens name that stands for a "
                    + $"component. Those that do, after blocks.LAYER.: {string.Join(", ", TransformerLensNames.All)}."
            );
        var names = map.Components.Select(component => component.Address.Name).Distinct().ToList();
        var nearest = NearestNames.To(address.Name, names.Concat(tensors), 3);
        var list =
            names.Count > 0 ? $"Components: {string.Join(", ", names)}."
            : map.LeftOut.IsEmpty ? "No component was recognised in this model."
            : $"No component was recognised in this model: {string.Join("; ", map.LeftOut)}.";
        return new InterventionException(
            $"'{address.FullName}' is neither a component nor a tensor of this model. Nearest: "
                + $"{string.Join(", ", nearest)}. {list}"
        );
    }

    private string StacksOf()
    {
        var named = map.Stacks.Where(stack => stack.Name.Length > 0).ToList();
        return named.Count == 0
            ? "Its layers are one stack; leave the name out."
            : $"Its stacks are {string.Join(", ", named.Select(Shown))}: "
                + $"write {named[0].Name}.{ComponentNames.BlockOutput}, for example.";
    }

    private static string Shown(ComponentStack stack) => $"{stack.Name} ({stack.LayerCount} layers)";
}
