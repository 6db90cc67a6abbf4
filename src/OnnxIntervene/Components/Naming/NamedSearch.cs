using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Naming;

/// <summary>
/// Looks for each component of each layer by the module names that exporters keep, and checks what it finds against the
/// weights around it.
/// </summary>
internal sealed class NamedSearch(ModuleTree modules)
{
    // Without these a name may mean something else, so no names are used.
    private static readonly string[] s_core =
    [
        ComponentNames.BlockInput,
        ComponentNames.AttentionInput,
        ComponentNames.AttentionOutput,
        ComponentNames.MlpInput,
        ComponentNames.MlpOutput,
        ComponentNames.BlockOutput,
    ];

    private readonly TypeInference _types = new();
    private readonly List<Component> _components = [];
    private readonly List<MissingComponent> _missing = [];

    public NameFindings Run()
    {
        List<MissingComponent> reasons = [];
        foreach (var pattern in ArchitecturePattern.Known)
        {
            var layers = modules
                .Elements(pattern.LayerList)
                .Values.Select(path => new LayerFinder(modules, _types, pattern, path))
                .Where(layer => layer.IsLayer)
                .ToList();
            if (layers.Count == 0)
                continue;
            Find(layers, pattern);
            if (!_missing.Exists(missing => s_core.Contains(missing.Address.Name)))
                return new NameFindings(pattern.Family, layers.Count, _components, _missing);
            reasons.AddRange(_missing);
            _components.Clear();
            _missing.Clear();
        }

        return new NameFindings(null, 0, [], reasons);
    }

    private void Find(List<LayerFinder> layers, ArchitecturePattern pattern)
    {
        for (var index = 0; index < layers.Count; index++)
        {
            if (layers[index].ForeignModule is { } foreign)
                _missing.Add(
                    new MissingComponent(
                        new ComponentAddress(index, s_core[0]),
                        $"the layer has a '{foreign}', which no {pattern.Family} has"
                    )
                );
            else
                FindLayer(index, layers, pattern);
        }
    }

    private void FindLayer(int index, List<LayerFinder> layers, ArchitecturePattern pattern)
    {
        var layer = layers[index];
        var blockInput = layer.BlockInput();
        Add(index, ComponentNames.BlockInput, blockInput);
        Add(index, ComponentNames.AttentionInput, layer.AttentionInput());
        var names = new[] { ComponentNames.QueryOutput, ComponentNames.KeyOutput, ComponentNames.ValueOutput };
        for (var part = 0; part < names.Length; part++)
        {
            var projection = layer.Projected(part);
            AddWithHeads(index, names[part], projection, layer.Heads(part, projection));
        }

        var queryHeads = layer.Heads(0, layer.Projected(0));
        AddWeight(index, layer.AttentionWeight(), queryHeads);
        AddWithHeads(index, ComponentNames.AttentionValueOutput, layer.AttentionValueOutput(), queryHeads);
        Add(index, ComponentNames.AttentionOutput, layer.AttentionOutput(), blockInput.Width);
        Add(index, ComponentNames.MlpInput, layer.MlpInput(), blockInput.Width);
        Add(index, ComponentNames.MlpActivation, layer.MlpActivation());
        Add(index, ComponentNames.MlpOutput, layer.MlpOutput(), blockInput.Width);
        Add(index, ComponentNames.BlockOutput, BlockOutput(index, layers, pattern), blockInput.Width);
    }

    // A layer outputs what the next one reads, and the last one what the final norm reads.
    private Found BlockOutput(int index, List<LayerFinder> layers, ArchitecturePattern pattern)
    {
        if (index + 1 < layers.Count)
            return layers[index + 1].BlockInput();
        var norms = pattern.FinalNorm.SelectMany(modules.PathsNamed).Select(layers[index].NormInput);
        return norms.FirstOrDefault(found => found.IsFound) is { IsFound: true } found
            ? found
            : Found.Nothing($"no norm called {string.Join(" or ", pattern.FinalNorm)} after the last layer");
    }

    private void AddWithHeads(int layer, string name, Found found, int heads)
    {
        Add(layer, name, found);
        var address = new ComponentAddress(layer, ComponentNames.HeadPrefix + name);
        if (!found.IsFound)
            _missing.Add(new MissingComponent(address, found.Reason));
        else if (Contradiction(found, 0) is { } contradiction)
            _missing.Add(new MissingComponent(address, contradiction));
        else if (heads == 0 || found.Width % heads != 0)
            _missing.Add(new MissingComponent(address, $"no reshape into heads follows '{found.Source.Description}'"));
        else
            _components.Add(new Component(address, found.Source, found.Width / heads, heads, "h.pos"));
    }

    private void Add(int layer, string name, Found found, int expectedWidth = 0)
    {
        var address = new ComponentAddress(layer, name);
        if (!found.IsFound)
            _missing.Add(new MissingComponent(address, found.Reason));
        else if (Contradiction(found, expectedWidth) is { } contradiction)
            _missing.Add(new MissingComponent(address, contradiction));
        else
            _components.Add(new Component(address, found.Source, found.Width, 0, "pos"));
    }

    private void AddWeight(int layer, Found found, int heads)
    {
        var address = new ComponentAddress(layer, ComponentNames.AttentionWeight);
        if (found.IsFound && heads > 0)
            _components.Add(new Component(address, found.Source, 0, heads, "h"));
        else
            _missing.Add(
                new MissingComponent(address, found.IsFound ? "the number of heads is unknown" : found.Reason)
            );
    }

    // What the weights say must agree with what the file says about the tensor, and with the residual stream where the
    // part is added to it.
    private static string? Contradiction(Found found, int expectedWidth)
    {
        var described = (found.Source as TensorSource)?.Value.Type?.Shape is { Rank: > 0 } shape
            ? (int)(shape[-1].Size ?? 0)
            : 0;
        if (found.Width > 0 && described > 0 && described != found.Width)
            return $"'{found.Source!.Description}' is {described} wide by its type, but {found.Width} by the "
                + $"weights around it";
        return expectedWidth > 0 && found.Width > 0 && found.Width != expectedWidth
            ? $"'{found.Source!.Description}' is {found.Width} wide, but the residual stream is {expectedWidth} wide"
            : null;
    }
}
