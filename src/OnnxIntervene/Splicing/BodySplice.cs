using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Rewriting;

namespace OnnxIntervene.Splicing;

/// <summary>
/// Splices a site into the body of a Loop or Scan. At each step the units of that step are picked from those that the
/// run names; what the site reads leaves the loop as one more output that gathers all steps (ONNX, Operators.md, Loop
/// and Scan).
/// </summary>
internal sealed class BodySplice : SiteWork
{
    private const int OldestOperatorSet = 11;

    private readonly GraphEditor _editor;
    private readonly SpliceSite _site;
    private readonly Component _component;
    private readonly BodySource _source;
    private readonly SiteInputs _inputs;
    private readonly Graph _body;
    private readonly OpBuilder _ops;

    private readonly PlacedSite _placed;
    private Value? _read;

    /// <exception cref="InterventionException">
    /// The kind takes several steps at once, or the operator set is too old.
    /// </exception>
    public BodySplice(GraphEditor editor, PlacedSite placed)
    {
        _editor = editor;
        _placed = placed;
        _site = placed.Site;
        _component = placed.Component;
        _source = (BodySource)_component.Source;
        editor.RequireOperatorSet(OldestOperatorSet, _source.Owner);
        if (_site.Selection == SiteSelection.Whole || _site.UnitsPerRow > 1 || _site.Type.ReadsModuleInput)
            throw new InterventionException(
                $"{_site.Type.ClassName} at {_component} changes steps one by one: name the steps, and give it the "
                    + $"parameters for one."
            );
        _inputs = new SiteInputs(editor, placed);
        _body = _source.Value.Producer!.Graph!;
        _ops = editor.Builder(_inputs.Place, _body);
    }

    public override IEnumerable<SiteAction> Actions() => [new SiteAction(_placed, _source, Splice)];

    public override IEnumerable<(int Index, SitePorts Site)> Finish() => [(_placed.Index, _inputs.Describe(_read))];

    private void Splice()
    {
        var last = _body.LastNode;
        var current = _editor.Current(_source.Value);
        var type = Precision.Of(current);
        var rows = _ops.Reshape(Precision.Widened(_ops, current, type), 0, -1);
        _body.AddOutput(
            Typed(
                _ops.Identity(rows),
                new TensorType(ElementType.Float32, Shape.Of(Dimension.Unknown, Dimension.Fixed(_component.Width)))
            )
        );
        if (_site is { Selection: SiteSelection.Units, Type.ReadsOnly: false })
        {
            var changed = _ops.Reshape(Changed(rows), _ops.ShapeOf(current));
            _editor.Claim(_body, last);
            _editor.Replace(current, Precision.Restored(_ops, changed, type));
        }

        _editor.Claim(_body, last);
        _read = Read();
    }

    // Rows of this step's units, changed and put back; with none, the values stay as they are.
    private Value Changed(Value rows)
    {
        var locations = _inputs.WriteLocations;
        var isNow = _ops.Emit("Equal", [_ops.Reshape(_ops.Slice(locations, 1, 1, 2), -1), _ops.Reshape(Step(), 1)]);
        var examples = Picked(_ops.Slice(locations, 1, 0, 1), isNow);
        var units = _ops.GatherND(rows, examples, 0);
        var written = _site.Type.Apply(
            new KindRows(_ops, units, _site.Sizes, _inputs.ParameterValues)
            {
                Source = _inputs.Source is { } source ? Picked(source, isNow) : null,
                Coefficient = _inputs.Coefficient is { } coefficient ? Picked(coefficient, isNow) : null,
                Mask = _inputs.Mask is null
                    ? null
                    : Picked(_ops.Cast(_inputs.MaskOfEachUnit(_ops), ElementType.Bool), isNow),
                Custom = _site.Custom,
            }
        );
        return _ops.ScatterND(rows, examples, written);
    }

    private Value Picked(Value all, Value isNow) => _ops.Emit("Compress", [all, isNow], [NodeAttribute.Of("axis", 0L)]);

    // [step, batch, width] as the loop gathers it, to [batch, step, width].
    private Value Read()
    {
        var owner = _source.Owner;
        var isScan = owner.Operator.OperatorType == "Scan";
        while (owner.Outputs.Count < _body.Outputs.Count - (isScan ? 0 : 1) - 1)
            owner.AddOutput(_editor.Unique($"{_inputs.Place}/unused"));
        var gathered = owner.AddOutput(_editor.Unique($"{_inputs.Place}/steps"));
        if (isScan)
            Extend("scan_output_axes", "scan_output_directions");
        var ops = _editor.Builder(_inputs.Place);
        var last = _editor.Graph.LastNode;
        var states = ops.Transpose(gathered, 1, 0, 2);
        var read =
            _site.Selection == SiteSelection.Size
                ? ops.ShapeOf(states)
                : ops.GatherND(states, _inputs.ReadLocations, 0);
        _editor.Claim(_editor.Graph, last);
        return Typed(read, _inputs.ReadType);
    }

    // The step's number: a Loop's body has it as an input, a Scan's gets it as one more scanned input.
    private Value Step()
    {
        var owner = _source.Owner;
        if (owner.Operator.OperatorType == "Loop")
            return _body.Inputs[0];
        return _editor.Shared(
            $"{NameScope.Prefix}{owner.Output.Name}/step",
            wish =>
            {
                var count = (int)owner.FindAttribute("num_scan_inputs")!.Integer;
                var first = owner.Inputs[owner.Inputs.Count - count]!;
                var axis = owner.FindAttribute("scan_input_axes") is { } axes ? axes.Integers[0] : 0;
                var ops = _editor.Builder(_inputs.Place);
                var last = _editor.Graph.LastNode;
                var length = ops.Gather(ops.ShapeOf(_editor.Current(first)), ops.Scalar(axis), 0);
                owner.AddInput(ops.Range(ops.Scalar(0), length, ops.Scalar(1)));
                _editor.Claim(_editor.Graph, last);
                owner.SetAttribute(NodeAttribute.Of("num_scan_inputs", (long)(count + 1)));
                Extend("scan_input_axes", "scan_input_directions");
                return _body.AddInput(_editor.Unique(wish), new TensorType(ElementType.Int64, new Shape([])));
            }
        );
    }

    private void Extend(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (_source.Owner.FindAttribute(name) is { } list)
                _source.Owner.SetAttribute(NodeAttribute.Of(name, [.. list.Integers, 0L]));
        }
    }

    private static Value Typed(Value value, TensorType type)
    {
        value.Type = type;
        return value;
    }
}
