using OnnxIntervene.Components;
using OnnxIntervene.Components.Structure;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;

namespace OnnxIntervene.Splicing;

/// <summary>Splices one site: reads the chosen units, and writes what the kind of intervention makes of them.</summary>
internal sealed class SiteSplice
{
    private readonly GraphEditor _editor;
    private readonly SpliceSite _site;
    private readonly Component _component;
    private readonly SiteInputs _inputs;

    private SiteSplice(GraphEditor editor, SpliceSite site, Component component, int index)
    {
        _editor = editor;
        _site = site;
        _component = component;
        _inputs = new SiteInputs(editor, site, component, index);
    }

    public static SplicedSite Splice(GraphEditor editor, SpliceSite site, Component component, int index) =>
        new SiteSplice(editor, site, component, index).Splice();

    private SplicedSite Splice()
    {
        if (_component.Source is not BranchSource branches)
            return _inputs.Describe(SpliceAt(_component), null);
        var reads = branches.Sources.Select(source => SpliceAt(_component with { Source = source })).ToList();
        return _inputs.Describe(null, reads.OfType<Value>().Any() ? Lift(branches.Owner, reads!) : null);
    }

    // One branch runs; what it read leaves the branch as an output of the node that chooses.
    private Value Lift(Node owner, IReadOnlyList<Value> reads)
    {
        foreach (var (graph, read) in owner.Subgraphs.Zip(reads))
            graph.AddOutput(read);
        var lifted = owner.AddOutput(_editor.Unique($"{_inputs.Place}/read"));
        lifted.Type = _inputs.ReadType;
        return lifted;
    }

    // Returns what the site reads there.
    private Value? SpliceAt(Component component)
    {
        var current = _editor.Current(component.Source);
        var graph = _editor.GraphOf(current);
        var before = graph.NodeCount;
        var ops = _editor.Builder(_inputs.Place, graph);
        var view = ComponentView.Open(_editor, ops, component, current);
        var type = ElementTypes.Of(current);
        var read = Read(ops, view);
        if (_site.Selection == SiteSelection.Whole)
            Write(component, current, view.Close(ops, Typed(ops, Changed(ops, Plain(ops, view.Value, type)), type)));
        else if (_site is { Selection: SiteSelection.Units, Type: not InterventionType.Collect })
            Write(component, current, view.Close(ops, Scattered(ops, view, type)));
        _editor.Claim(graph, before);
        return read;

        void Write(Component at, Value old, Value changed)
        {
            _editor.Claim(graph, before);
            _editor.Replace(at.Source, old, changed);
        }
    }

    private Value? Read(OpBuilder ops, ComponentView view)
    {
        if (_site.Selection == SiteSelection.Whole)
            return null;
        var read = _site.Selection == SiteSelection.Size
            ? ops.ShapeOf(view.Value)
            : Plain(ops, ops.GatherND(view.Value, _inputs.ReadLocations, 0), ElementTypes.Of(view.Holder));
        read.Type = _inputs.ReadType;
        return read;
    }

    private Value Scattered(OpBuilder ops, ComponentView view, ElementType type)
    {
        var units = Plain(ops, ops.GatherND(view.Value, _inputs.WriteLocations, 0), type);
        var written = _site.Type switch
        {
            InterventionType.Vanilla => Fitted(ops, units),
            InterventionType.Zero => ops.ConstantOfShape(ops.ShapeOf(units), TensorData.FromFloats([1], [0f])),
            _ => Changed(ops, units),
        };
        return ops.ScatterND(view.Value, _inputs.WriteLocations, Typed(ops, written, type));
    }

    private Value Changed(OpBuilder ops, Value units)
    {
        var change = ops.Mul(_inputs.Source, _inputs.Coefficient);
        return _site.Type == InterventionType.Addition ? ops.Add(units, change) : ops.Sub(units, change);
    }

    // Where the width of a unit is not known beforehand, a run that writes nothing cannot give a source of the right shape.
    private Value Fitted(OpBuilder ops, Value units) =>
        _component.Width > 0 ? _inputs.Source : ops.Reshape(_inputs.Source, ops.ShapeOf(units));

    // Interventions compute in 32 bits whatever the model computes in.
    private static Value Plain(OpBuilder ops, Value value, ElementType type) =>
        type == ElementType.Float32 ? value : ops.Cast(value, ElementType.Float32);

    private static Value Typed(OpBuilder ops, Value value, ElementType type) =>
        type == ElementType.Float32 ? value : ops.Cast(value, type);
}
