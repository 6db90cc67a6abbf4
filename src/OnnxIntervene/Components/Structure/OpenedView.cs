using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Components.Structure;

/// <summary>
/// A view of a model to look for structure in: additions that are fused with a norm stand on their own, and every value
/// knows where it
/// is in the model itself.
/// </summary>
internal sealed class OpenedView
{
    // What stands for a value of the copy in the model; where no norm is fused, the model itself is looked at.
    private readonly Dictionary<Value, Value> _originals = [];
    private readonly Dictionary<Value, ComponentSource> _sources = [];
    private readonly NameScope? _names;
    private readonly Model _view;

    public OpenedView(Model model)
    {
        _view = model;
        if (!model.Graph.AllNodes().Any(FusedOperators.IsSkipNormalization))
            return;
        _view = model.Copy(out var copies);
        _names = NameScope.Of(_view);
        _originals.EnsureCapacity(copies.Count);
        foreach (var (original, copy) in copies)
            _originals.Add(copy, original);
        foreach (var node in _view.Graph.AllNodes().Where(FusedOperators.IsSkipNormalization).ToList())
            Open(node);
    }

    /// <summary>The main graph of the copy.</summary>
    public Graph Graph => _view.Graph;

    /// <summary>The node of the model itself that a node of the copy stands for.</summary>
    public Node Original(Node node) => ((TensorSource)Source(node.Output)).Value.Producer!;

    /// <summary>Where a value of the copy is in the model itself.</summary>
    public ComponentSource Source(Value value) =>
        _sources.TryGetValue(value, out var source)
            ? source
            : new TensorSource(_originals.GetValueOrDefault(value, value));

    // The part that is added to the stream is put together first, so that it can be found with its bias.
    private void Open(Node node)
    {
        var fused = _originals[node.Output].Producer!;
        var isSimplified = FusedOperators.IsSimplified(node);
        var (stream, part) = FusedOperators.PartIsFirst(node)
            ? (node.Inputs[1]!, node.Inputs[0]!)
            : (node.Inputs[0]!, node.Inputs[1]!);
        if (FusedOperators.SkipBias(node) is { } bias)
        {
            part = Emit(node, "Add", [part, bias]);
            _sources.Add(part, new ResidualPartSource(fused));
        }

        var sum = Emit(node, "Add", [stream, part]);
        _sources.Add(sum, new ResidualSumSource(fused));
        var norm = Emit(
            node,
            isSimplified ? "SimplifiedLayerNormalization" : "LayerNormalization",
            [sum, node.Inputs[2]!]
        );
        _sources.Add(norm, new TensorSource(_originals[node.Output]));
        Replace(node.Output, norm);
        if (node.OutputOrNull(FusedOperators.SumOutput) is { } old)
            Replace(old, sum);
        if (node.OutputOrNull(1) is null && node.OutputOrNull(2) is null)
            node.Graph!.Remove(node);
    }

    private void Replace(Value value, Value replacement) =>
        value.Producer!.Graph!.Redirect(value, replacement, _names!);

    private Value Emit(Node at, string operatorType, Value[] inputs) =>
        at.Graph!.AddNode(
            _names!.Unique("view"),
            new OperatorKey("", operatorType),
            inputs,
            [_names!.Unique("view/output")],
            [],
            at
        ).Output;
}
