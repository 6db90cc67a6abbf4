using OnnxIntervene.Components;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;

namespace OnnxIntervene.Splicing;

/// <summary>Splices one site: reads the chosen units, and writes what the kind of intervention makes of them.</summary>
internal sealed class SiteSplice
{
    private readonly GraphEditor _editor;
    private readonly SpliceSite _site;
    private readonly Component _component;
    private readonly OpBuilder _ops;
    private readonly string _place;

    private SiteSplice(GraphEditor editor, SpliceSite site, Component component, int index)
    {
        _editor = editor;
        _site = site;
        _component = component;
        _place = $"{NameScope.Prefix}{index}";
        _ops = editor.Builder(_place);
    }

    public static SplicedSite Splice(GraphEditor editor, SpliceSite site, Component component, int index) =>
        new SiteSplice(editor, site, component, index).Splice();

    private SplicedSite Splice()
    {
        var before = _editor.Graph.NodeCount;
        var current = _editor.Current(_component.Source);
        var view = ComponentView.Open(_editor, _ops, _component, current);
        var spliced = new SplicedSite { Site = _site, Component = _component };
        if (_site.Selection == SiteSelection.Whole)
            return SpliceWhole(view, current, before, spliced);

        var reads = AddLocations("read_locations");
        var read = _ops.GatherND(view.Value, reads, 0);
        read.Type = UnitType();
        _editor.Graph.AddOutput(read);
        spliced = spliced with { ReadLocations = reads.Name, Read = read.Name };
        return _site.Type == InterventionType.Collect ? Finish(spliced, before) : SpliceUnits(view, current, before, spliced);
    }

    private SplicedSite SpliceUnits(ComponentView view, Value current, int before, SplicedSite spliced)
    {
        var locations = AddLocations("locations");
        var source = _site.Type.NeedsSource() ? AddInput("source", UnitType()) : null;
        var coefficient = _site.Type.HasCoefficient() ? AddInput("coefficient", CoefficientType()) : null;
        var written = _site.Type switch
        {
            InterventionType.Vanilla => Fitted(source!, view.Value, locations),
            InterventionType.Zero => Zeros(_ops.GatherND(view.Value, locations, 0)),
            InterventionType.Addition => _ops.Add(_ops.GatherND(view.Value, locations, 0), _ops.Mul(source!, coefficient!)),
            InterventionType.Subtraction => _ops.Sub(_ops.GatherND(view.Value, locations, 0), _ops.Mul(source!, coefficient!)),
            _ => throw new System.Diagnostics.UnreachableException(_site.Type.ToString()),
        };
        var result = view.Close(_ops, _ops.ScatterND(view.Value, locations, written));
        Write(current, result, before);
        return spliced with { WriteLocations = locations.Name, Source = source?.Name, Coefficient = coefficient?.Name };
    }

    private SplicedSite SpliceWhole(ComponentView view, Value current, int before, SplicedSite spliced)
    {
        if (!_site.Type.HasCoefficient())
            throw new InterventionException($"{_site.Type.ClassName()} at {_component} needs its units to be chosen by the run.");
        var source = AddInput("source", new TensorType(ElementType.Float32, Shape.Of(Own("batch"), Own("units"), Own("width"))));
        var coefficient = AddInput("coefficient", new TensorType(ElementType.Float32, Shape.Of(Own("rows"), Dimension.Fixed(1), Dimension.Fixed(1))));
        var change = _ops.Mul(source, coefficient);
        var changed = _site.Type == InterventionType.Addition ? _ops.Add(view.Value, change) : _ops.Sub(view.Value, change);
        Write(current, view.Close(_ops, changed), before);
        return spliced with { Source = source.Name, Coefficient = coefficient.Name };
    }

    // Where the width of a unit is not known beforehand, a run that writes nothing cannot give a source of the right shape.
    private Value Fitted(Value source, Value view, Value locations) => _component.Width > 0
        ? source
        : _ops.Reshape(source, _ops.ShapeOf(_ops.GatherND(view, locations, 0)));

    private void Write(Value current, Value result, int before)
    {
        _editor.Claim(before);
        _editor.Replace(_component.Source, current, result);
    }

    private SplicedSite Finish(SplicedSite spliced, int before)
    {
        _editor.Claim(before);
        return spliced;
    }

    private Value Zeros(Value units) =>
        _ops.ConstantOfShape(_ops.ShapeOf(units), TensorData.FromFloats([1], [0f]));

    private Value AddLocations(string name)
    {
        var width = _component.Layout == ComponentLayout.HeadsInWidth ? 3 : 2;
        return AddInput(name, new TensorType(ElementType.Int64, Shape.Of(Own($"{name}_units"), Dimension.Fixed(width))));
    }

    private Value AddInput(string name, TensorType type) => _editor.Graph.AddInput(_editor.Unique($"{_place}/{name}"), type);

    private TensorType UnitType() => new(ElementType.Float32, _component.Layout == ComponentLayout.HeadsFirst
        ? Shape.Of(Own("units"), Own("query"), Own("key"))
        : Shape.Of(Own("units"), _component.Width > 0 ? Dimension.Fixed(_component.Width) : Own("width")));

    private TensorType CoefficientType() => new(ElementType.Float32, _component.Layout == ComponentLayout.HeadsFirst
        ? Shape.Of(Own("units"), Dimension.Fixed(1), Dimension.Fixed(1))
        : Shape.Of(Own("units"), Dimension.Fixed(1)));

    // Dimensions of our own: sharing the model's names would promise equal sizes.
    private Dimension Own(string name) => Dimension.Named($"{_place}_{name}");
}
