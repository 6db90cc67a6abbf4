using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Comparing;

/// <summary>A file of activations as A of a comparison with a model: checked, and cut into examples.</summary>
internal sealed class SavedActivations
{
    private readonly ActivationFile _file;
    private readonly LoadedModel _model;
    private readonly ImmutableArray<ModelInputs> _examples;
    private readonly Dictionary<ComponentAddress, string> _names;
    private readonly ImmutableArray<ComponentAddress>.Builder _addresses =
        ImmutableArray.CreateBuilder<ComponentAddress>();
    private readonly ImmutableArray<OmittedComponent>.Builder _omitted =
        ImmutableArray.CreateBuilder<OmittedComponent>();

    /// <exception cref="InterventionException">The file does not fit the model or the prompts.</exception>
    public SavedActivations(ActivationFile file, LoadedModel model, ModelComparisonRequest request)
    {
        (_file, _model) = (file, model);
        _names = Named();
        RequireKnownNames();
        _examples = Comparing.Examples.Of(Inputs(request));
        Choose(WantedComponents.Of(request, model.Components));
        foreach (var address in _addresses)
            RequireFit(model.Components.Get(address));
        if (
            file.Find(ActivationFile.Output) is { } output
            && (output.IsInteger || output.Shape is not [var rows, _, ..] || rows != _examples.Length)
        )
            throw Misfit(ActivationFile.Output, output, $"{_examples.Length} examples are needed");
    }

    /// <summary>What is compared.</summary>
    public ImmutableArray<ComponentAddress> Addresses => _addresses.ToImmutable();

    /// <summary>What is not, with the reasons.</summary>
    public ImmutableArray<OmittedComponent> Omitted => _omitted.ToImmutable();

    /// <summary>The examples, each a batch of one.</summary>
    public ImmutableArray<ModelInputs> Examples => _examples;

    /// <summary>The file's values on one example.</summary>
    public ExampleValues Of(int example)
    {
        return new ExampleValues(
            [.. _addresses.Select(address => Component(address, example))],
            _file.Find(ActivationFile.Output) is { } output ? Batch(output.Row(example)) : null
        );

        static NumericArray Batch(NumericArray row) => row.Reshape([1, .. row.Shape]);
    }

    // As B reads it: [position, width] or [head, query, key].
    private NumericArray Component(ComponentAddress address, int example)
    {
        var array = _file.Find(_names[address])!;
        var component = _model.Components.Get(address);
        var units = Size(component, _examples[example]).Units;
        var size = array.Length / _examples.Length;
        ReadOnlySpan<int> shape =
            component.Layout == ComponentLayout.HeadsFirst ? array.Shape.AsSpan()[1..] : [units, size / units];
        return NumericArray.Of(array.FloatMemory.Slice(example * size, size), shape);
    }

    // As the model's map has them: the name of the model's own stack may be left out.
    private Dictionary<ComponentAddress, string> Named()
    {
        var names = new Dictionary<ComponentAddress, string>();
        foreach (var (address, name) in _file.Addresses)
        {
            if (!names.TryAdd(_model.Components.Resolve(address), name))
                throw new InterventionException(
                    $"'{_file.Path}': '{names[_model.Components.Resolve(address)]}' and '{name}' are one component."
                );
        }

        return names;
    }

    private void RequireKnownNames()
    {
        foreach (var name in _file.Others.Where(name => name != ActivationFile.Output && !IsInput(name)))
            throw new InterventionException(
                $"'{_file.Path}': the tensor '{name}' is neither a component (NAME.LAYER, such as block_output.3), nor "
                    + $"an input of the model, nor '{ActivationFile.Output}'."
            );
    }

    private bool IsInput(string name) =>
        _model.Model.Graph.Inputs.Any(input => input.Name == name && !input.IsConstant)
        // Masks of models that take none: kept positions are known by them all the same.
        || name == Comparing.Examples.Mask;

    private ImmutableArray<ModelInputs> Inputs(ModelComparisonRequest request)
    {
        var saved = _file
            .Others.Where(name => name != ActivationFile.Output)
            .ToImmutableDictionary(name => name, name => _file.Find(name)!);
        if (saved.Keys.All(name => name == Comparing.Examples.Mask))
            return request.Prompts.IsEmpty
                ? throw new InterventionException(
                    $"'{_file.Path}' holds no inputs, such as '{ModelInputs.TokenInput}', and no prompts are given."
                )
                : request.Prompts;
        return request.Prompts.IsEmpty
            ? [new ModelInputs(saved)]
            : throw new InterventionException(
                $"'{_file.Path}' holds the inputs ({string.Join(", ", saved.Keys.Order(StringComparer.Ordinal))}); "
                    + "leave the prompts out."
            );
    }

    private void Choose(Func<ComponentAddress, bool> wanted)
    {
        var layers = _model.Components.Stacks.Select(stack => stack.LayerCount).DefaultIfEmpty(0).Max();
        if (_file.Addresses.Keys.Select(address => address.Layer).Max() is var last && last >= layers)
            throw new InterventionException(
                $"'{_file.Path}' has values of layer {last}, but the model has {layers} layers: 0 to {layers - 1}."
            );
        var own = _model.Components.Components.ToDictionary(component => component.Address);
        foreach (var component in own.Values.Where(item => _names.ContainsKey(item.Address) && wanted(item.Address)))
        {
            if (component.Layout == ComponentLayout.HeadsInWidth)
                _omitted.Add(new OmittedComponent(component.Address, "it is a part of the whole; save that"));
            else
                _addresses.Add(component.Address);
        }

        foreach (var address in _names.Keys.Where(address => wanted(address) && !own.ContainsKey(address)))
            _omitted.Add(new OmittedComponent(address, "B has none"));
        if (_addresses.Count == 0)
            throw new InterventionException(
                $"'{_file.Path}' and the model have no component in common. The file has: "
                    + $"{string.Join(", ", _file.Addresses.Values.Order(StringComparer.Ordinal).Take(10))}."
            );
    }

    private void RequireFit(Component component)
    {
        var name = _names[component.Address];
        var array = _file.Find(name)!;
        var sizes = _examples.Select(example => Size(component, example)).Distinct().ToList();
        if (sizes.Count > 1)
            throw new InterventionException(
                $"'{_file.Path}' holds examples of one length; the prompts have {sizes.Count} lengths. Give the inputs "
                    + $"in the file, as '{ModelInputs.TokenInput}', padded."
            );
        var (units, width) = sizes[0];
        var isHeads = component.Layout == ComponentLayout.HeadsFirst;
        var fits = isHeads
            ? array.Shape is [var examples, var heads, _, _] && examples == _examples.Length && heads == units
            : array.Shape is [.., var last] && last == width && array.Length == (long)_examples.Length * units * width;
        if (array.IsInteger || !fits)
            throw Misfit(
                name,
                array,
                $"the model's {component.Address} is floats[{_examples.Length}, {units}, "
                    + $"{(isHeads ? "query, key" : $"{width}")}]"
            );
    }

    private (int Units, int Width) Size(Component component, ModelInputs example) =>
        (_model.MeasuredUnits.Count(component, Comparing.Examples.For(_model, example), false).First, component.Width);

    private InterventionException Misfit(string name, NumericArray array, string needed) =>
        new($"'{_file.Path}': '{name}' is {array}, but {needed}. Was it saved from the same model and inputs?");
}
