using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Rewriting;
using OnnxIntervene.Rewriting.Opening;

namespace OnnxIntervene.Components.Structure;

/// <summary>
/// A view of a model to look for structure in: additions that are fused with a norm are separate nodes, and every value
/// knows where it is in the model itself.
/// </summary>
internal sealed class OpenedView
{
    // The model's value for each value of the copy; where no norm is fused, the model itself is the copy.
    private readonly Dictionary<Value, Value> _originals = [];
    private readonly Dictionary<Value, ComponentSource> _sources = [];
    private readonly Model _view;

    public OpenedView(Model model)
    {
        _view = model;
        if (!model.Graph.AllNodes().Any(FusedOperators.IsSkipNormalization))
            return;
        _view = model.Copy(out var copies);
        _originals.EnsureCapacity(copies.Count);
        foreach (var (original, copy) in copies)
            _originals.Add(copy, original);
        var editor = new GraphEditor(_view);
        var openings = new Openings(editor);
        foreach (var node in _view.Graph.AllNodes().Where(FusedOperators.IsSkipNormalization).ToList())
            Open(openings, editor, node);
        foreach (var graph in _view.Graph.AllNodes().SelectMany(node => node.Subgraphs).Prepend(_view.Graph).ToList())
            GraphOrder.Sort(graph);
    }

    /// <summary>The main graph of the copy.</summary>
    public Graph Graph => _view.Graph;

    /// <summary>The node of the model itself that a node of the copy stands for.</summary>
    public Node Original(Node node) => ((TensorSource)Source(node.Outputs.OfType<Value>().First())).Value.Producer!;

    /// <summary>Where a value of the copy is in the model itself.</summary>
    public ComponentSource Source(Value value) =>
        _sources.TryGetValue(value, out var source)
            ? source
            : new TensorSource(_originals.GetValueOrDefault(value, value));

    // With the same openings as splices, so that what is found can be reached; operators without one stay closed.
    private void Open(Openings openings, GraphEditor editor, Node node)
    {
        if (OpeningTable.Of(node)!.Refusal(node) is not null)
            return;
        var (fused, output) = (_originals[node.Output].Producer!, node.Output);
        var opened = openings.Of(node);
        // The part may be a value of the file itself, or one of an operator that was opened before.
        if (!_originals.ContainsKey(opened.Part!))
            _sources.TryAdd(opened.Part!, new ResidualPartSource(fused));
        _sources.Add(opened.Sum!, new ResidualSumSource(fused));
        _sources.Add(editor.Current(output), new TensorSource(_originals[output]));
    }
}
