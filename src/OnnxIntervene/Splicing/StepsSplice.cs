using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Rewriting;

namespace OnnxIntervene.Splicing;

/// <summary>
/// Splices a site of a recurrent layer whose steps the graph writes out: each step's state is a tensor of its own,
/// where other sites may act too.
/// </summary>
internal sealed class StepsSplice : SiteWork
{
    private readonly GraphEditor _editor;
    private readonly PlacedSite _placed;
    private readonly StepsSource _source;
    private readonly RecurrentSite _site;
    private readonly OpBuilder _ops;
    private readonly Value[] _seen;
    private bool _isPrepared;

    public StepsSplice(GraphEditor editor, PlacedSite placed)
    {
        _editor = editor;
        _placed = placed;
        _source = (StepsSource)placed.Component.Source;
        editor.RequireOperatorSet(RecurrentSplice.OldestOperatorSet, _source.States[0].Producer!);
        _site = new RecurrentSite(editor, placed);
        _ops = editor.Builder($"{NameScope.Prefix}steps");
        _seen = new Value[_source.States.Length];
    }

    public override IEnumerable<SiteAction> Actions() =>
        _source.States.Select(
            (state, step) => new SiteAction(_placed, new TensorSource(state), () => Splice(state, step))
        );

    public override IEnumerable<(int Index, SitePorts Site)> Finish()
    {
        _site.Read(_ops, _ops.Concat(1, _seen));
        yield return (_placed.Index, _site.Describe());
    }

    private void Splice(Value state, int step)
    {
        var last = _editor.Graph.LastNode;
        var current = _editor.Current(state);
        Prepare(current);
        _seen[step] = _ops.Unsqueeze(current, 1);
        var changed = _site.Change(_ops, current, grid => _ops.Gather(grid, _ops.Scalar(step), 1));
        _editor.Claim(_editor.Graph, last);
        if (changed != current)
            _editor.Replace(current, changed);
    }

    // The batch is as large at every step.
    private void Prepare(Value state)
    {
        if (_isPrepared)
            return;
        _site.Prepare(_ops, _ops.Slice(_ops.ShapeOf(state), 0, 0, 1), _ops.Constant(_source.States.Length));
        _isPrepared = true;
    }
}
