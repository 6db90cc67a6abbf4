using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Rewriting;

namespace OnnxIntervene.Splicing;

/// <summary>
/// Splices one site: reads the chosen units, and writes what the kind of intervention computes from them.
/// </summary>
internal sealed class UnitSplice : SiteWork
{
    private readonly GraphEditor _editor;
    private readonly ComponentPlaces _places;
    private readonly PlacedSite _placed;
    private readonly SpliceSite _site;
    private readonly Component _component;
    private readonly Component? _moduleInput;
    private readonly SiteInputs _inputs;
    private readonly Value?[] _reads;

    /// <param name="editor">The graph.</param>
    /// <param name="places">Where components are in it.</param>
    /// <param name="placed">The site.</param>
    public UnitSplice(GraphEditor editor, ComponentPlaces places, PlacedSite placed)
    {
        _editor = editor;
        _places = places;
        _placed = placed;
        _site = placed.Site;
        _component = placed.Component;
        _moduleInput = placed.ModuleInput;
        _inputs = new SiteInputs(editor, placed);
        _reads = new Value?[(_component.Source as BranchSource)?.Sources.Length ?? 1];
    }

    public override IEnumerable<SiteAction> Actions()
    {
        if (_component.Source is OneBranchSource one)
        {
            var inner = _component with { Source = one.Source };
            return [new SiteAction(_placed, one.Source, () => _reads[0] = SpliceAt(inner, ModuleInputOf(0)))];
        }

        if (_component.Source is not BranchSource branches)
            return [new SiteAction(_placed, _component.Source, () => _reads[0] = SpliceAt(_component, _moduleInput))];
        return branches.Sources.Select(
            (source, branch) =>
                new SiteAction(
                    _placed,
                    source,
                    () => _reads[branch] = SpliceAt(_component with { Source = source }, ModuleInputOf(branch))
                )
        );
    }

    public override IEnumerable<(int Index, SitePorts Site)> Finish()
    {
        var read = _component.Source switch
        {
            BranchSource branches when _reads[0] is not null => Lift(branches.Owner, _reads!),
            OneBranchSource one when _reads[0] is { } inner => Lift(one, inner),
            _ => _reads[0],
        };
        yield return (_placed.Index, _inputs.Describe(read));
    }

    private Component? ModuleInputOf(int branch) =>
        _moduleInput?.Source switch
        {
            BranchSource { Sources: var sources } => _moduleInput with { Source = sources[branch] },
            OneBranchSource { Source: var inner } => _moduleInput with { Source = inner },
            _ => _moduleInput,
        };

    // Where another branch runs, there is nothing to read.
    private Value Lift(OneBranchSource source, Value read) =>
        source
            .Path.Reverse()
            .Aggregate(
                read,
                (inner, branch) =>
                    Lift(
                        branch.Owner,
                        branch.Owner.Subgraphs.Select(graph => graph == branch.Graph ? inner : Nothing(graph))
                    )
            );

    private Value Nothing(Graph graph)
    {
        var before = graph.LastNode;
        var ops = _editor.Builder(_inputs.Place, graph);
        var sizes = _inputs.ReadType.Shape!.Dimensions;
        var nothing =
            _site.Selection == SiteSelection.Size
                ? ops.Identity(ops.Constant(new long[sizes[0].Size!.Value]))
                : ops.ConstantOfShape(ops.Constant(new long[sizes.Length]), TensorData.FromFloats([1], [0]));
        nothing.Type = _inputs.ReadType;
        _editor.Claim(graph, before);
        return nothing;
    }

    // One branch runs; what it reads leaves the branch as an output of the If.
    private Value Lift(Node owner, IEnumerable<Value> reads)
    {
        foreach (var (graph, read) in owner.Subgraphs.Zip(reads).ToList())
            graph.AddOutput(read);
        var lifted = owner.AddOutput(_editor.Unique($"{_inputs.Place}/read"));
        lifted.Type = _inputs.ReadType;
        return lifted;
    }

    // Returns what the site reads there.
    private Value? SpliceAt(Component component, Component? moduleInput)
    {
        var current = _places.Current(component.Source);
        var graph = _editor.GraphOf(current);
        var before = graph.LastNode;
        var ops = _editor.Builder(_inputs.Place, graph);
        var view = ComponentView.Open(_editor, ops, component, current);
        var input = moduleInput is null
            ? null
            : ComponentView.Open(_editor, ops, moduleInput, _places.Current(moduleInput.Source));
        var type = Precision.Of(current);
        var read = Read(ops, _site.Type.IsSourceModuleInput ? input! : view);
        if (_site.Selection == SiteSelection.Whole)
            Write(
                component,
                current,
                view.Close(
                    ops,
                    Precision.Restored(ops, Everywhere(ops, Precision.Widened(ops, view.Value, type)), type)
                )
            );
        else if (_site is { Selection: SiteSelection.Units, Type.ReadsOnly: false })
            Write(component, current, view.Close(ops, Scattered(ops, view, input, type)));
        else if (_site.Selection == SiteSelection.Always)
            Write(component, current, view.Close(ops, new AlwaysWrite(ops, _site, _inputs).Of(view, input)));
        _editor.Claim(graph, before);
        return read;

        void Write(Component at, Value old, Value changed)
        {
            _editor.Claim(graph, before);
            _places.Replace(at.Source, old, changed);
        }
    }

    private Value? Read(OpBuilder ops, ComponentView view)
    {
        if (_site.Selection is SiteSelection.Whole or SiteSelection.Always)
            return null;
        var read =
            _site.Selection == SiteSelection.Size ? ops.ShapeOf(view.Value) : Units(ops, view, _inputs.ReadLocations);
        read.Type = _inputs.ReadType;
        return read;
    }

    private static Value Units(OpBuilder ops, ComponentView view, Value locations) =>
        Precision.Widened(ops, UnitAccess.Read(ops, view.Value, locations), Precision.Of(view.Holder));

    private Value Scattered(OpBuilder ops, ComponentView view, ComponentView? input, ElementType type)
    {
        var units = Units(ops, view, _inputs.WriteLocations);
        var written = _site.Type.Apply(
            new KindRows(ops, Folded(ops, units), _site.Sizes, _inputs.ParameterValues)
            {
                Source = _inputs.Source is { } source ? Fitted(ops, source, units) : null,
                Coefficient = _inputs.Coefficient,
                Mask = _inputs.Mask,
                ModuleInput = _site.Type.ComputesWithModuleInput ? Units(ops, input!, _inputs.WriteLocations) : null,
                Custom = _site.Custom,
            }
        );
        if (_site.UnitsPerRow > 1)
            written = ops.Reshape(written, ops.ShapeOf(units));
        return UnitAccess.Write(ops, view.Value, _inputs.WriteLocations, Precision.Restored(ops, written, type));
    }

    // The units of an example side by side, where the kind takes them as one row.
    private Value Folded(OpBuilder ops, Value units) =>
        _site.UnitsPerRow == 1 ? units : ops.Reshape(units, -1, _site.Sizes.Width);

    private Value Everywhere(OpBuilder ops, Value whole) =>
        _site.Type.Apply(
            new KindRows(ops, whole, _site.Sizes, _inputs.ParameterValues)
            {
                Source = _inputs.Source,
                Coefficient = _inputs.Coefficient,
            }
        );

    // Where the width of a unit is not known beforehand, a run that writes nothing cannot feed a source of the right
    // shape.
    private Value Fitted(OpBuilder ops, Value source, Value units) =>
        _component.Width > 0 || _site.Type.HasParameters ? source : ops.Reshape(source, ops.ShapeOf(units));
}
