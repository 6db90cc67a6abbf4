using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Rewriting;

namespace OnnxIntervene.Splicing;

/// <summary>
/// Turns a GRU, LSTM or RNN into a Scan over its steps, each step the same operator on one element of the sequence, so
/// that states can be changed between steps (ONNX, Operators.md).
/// </summary>
internal sealed class RecurrentLoop
{
    private const int InitialState = 5;
    private const int InitialCell = 6;

    private readonly GraphEditor _editor;
    private readonly Node _node;
    private readonly OpBuilder _ops;
    private readonly Graph _body = new("step");
    private readonly OpBuilder _step;
    private readonly long _width;
    private readonly bool _hasCell;

    private RecurrentLoop(GraphEditor editor, Node node)
    {
        _editor = editor;
        _node = node;
        _ops = editor.Builder($"{node.Name}/opened");
        _step = editor.Builder($"{node.Name}/step", _body);
        _width = node.FindAttribute("hidden_size")!.Integer;
        _hasCell = node.Operator.OperatorType == "LSTM";
    }

    /// <summary>Replaces the operator; the sites read and write its states.</summary>
    /// <exception cref="InterventionException">The operator uses a setting that the loop does not support.</exception>
    public static void Splice(GraphEditor editor, ImmutableArray<RecurrentSite> sites, Node node)
    {
        if (RecurrentOperators.Refusal(node) is { } refusal)
            throw new InterventionException($"{node} {refusal}");
        new RecurrentLoop(editor, node).Splice(sites);
    }

    private void Splice(ImmutableArray<RecurrentSite> sites)
    {
        var last = _editor.Graph.LastNode;
        var input = _editor.Current(_node.Inputs[0]!);
        var sizes = _ops.ShapeOf(input);
        var (steps, batch) = (_ops.Slice(sizes, 0, 0, 1), _ops.Slice(sizes, 0, 1, 2));
        foreach (var site in sites)
            site.Prepare(_ops, batch, steps);
        List<Value> states = [Initial(InitialState, batch)];
        if (_hasCell)
            states.Add(Initial(InitialCell, batch));
        var grids = sites.SelectMany(site => site.Grids).ToList();
        List<Value> scanned = [input, .. grids.Select(grid => _ops.Transpose(grid, 1, 0, 2))];
        BuildBody(sites, states.Count, grids);
        var outputs = _ops.EmitMany(
            "Scan",
            states.Concat(scanned),
            [NodeAttribute.Of("body", _body), NodeAttribute.Of("num_scan_inputs", (long)scanned.Count)],
            "",
            states.Count + sites.Length + 1
        );
        for (var order = 0; order < sites.Length; order++)
            sites[order].Read(_ops, _ops.Transpose(outputs[states.Count + 1 + order], 1, 0, 2));
        _editor.ReplaceIfPresent(_node, 0, _ops.Unsqueeze(outputs[states.Count], 1));
        _editor.ReplaceIfPresent(_node, 1, outputs[0]);
        if (_hasCell)
            _editor.ReplaceIfPresent(_node, 2, outputs[1]);
        _editor.Claim(_editor.Graph, last);
        _editor.Graph.Remove(_node);
    }

    // Inputs: the states and one element of each scanned input. Outputs: the states, the changed state, and what each
    // site reads.
    private void BuildBody(ImmutableArray<RecurrentSite> sites, int stateCount, List<Value> grids)
    {
        var states = Enumerable.Range(0, stateCount).Select(_ => Input(ElementType.Float32, 3)).ToList();
        var element = Input(ElementType.Float32, 2);
        var elements = grids.ToDictionary(
            grid => grid,
            grid => Input(sites.Any(site => site.Grid == grid) ? ElementType.Float32 : ElementType.Bool, 2)
        );
        var inputs = _node.Inputs.ToList();
        while (inputs.Count < InitialState + stateCount)
            inputs.Add(null);
        inputs[0] = _step.Unsqueeze(element, 0);
        for (var state = 0; state < stateCount; state++)
            inputs[InitialState + state] = states[state];
        var results = _step.EmitMany(_node.Operator.OperatorType, inputs, _node.Attributes, "", stateCount + 1);
        var current = _step.Reshape(results[1], -1, _width);
        var seen = new List<Value>();
        foreach (var site in sites)
        {
            seen.Add(_step.Identity(current));
            current = site.Change(_step, current, grid => elements[grid]);
        }

        _body.AddOutput(_step.Unsqueeze(current, 0));
        if (stateCount > 1)
            _body.AddOutput(results[2]);
        _body.AddOutput(_step.Identity(current));
        seen.ForEach(_body.AddOutput);
    }

    private Value Input(ElementType type, int rank) =>
        _body.AddInput(
            _editor.Unique($"{_node.Name}/step/input"),
            new TensorType(type, new Shape([.. Enumerable.Repeat(Dimension.Unknown, rank)]))
        );

    private Value Initial(int input, Value batch) =>
        _node.InputOrNull(input) is { } given
            ? _editor.Current(given)
            : _ops.ConstantOfShape(
                _ops.Concat(0, _ops.Constant(1), batch, _ops.Constant(_width)),
                TensorData.FromFloats([1], [0f])
            );
}
