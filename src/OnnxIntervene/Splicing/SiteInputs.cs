using OnnxIntervene.Components;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;

namespace OnnxIntervene.Splicing;

/// <summary>The inputs that one site brings to the model; branches share them.</summary>
internal sealed class SiteInputs
{
    private readonly GraphEditor _editor;
    private readonly SpliceSite _site;
    private readonly Component _component;
    private readonly Value? _reads;
    private readonly Value? _writes;
    private readonly Value? _source;
    private readonly Value? _coefficient;

    public SiteInputs(GraphEditor editor, SpliceSite site, Component component, int index)
    {
        _editor = editor;
        _site = site;
        _component = component;
        Place = $"{NameScope.Prefix}{index}";
        Check();
        var isWhole = site.Selection == SiteSelection.Whole;
        var writes = site.Selection != SiteSelection.Size && site.Type != InterventionType.Collect;
        if (site.Selection == SiteSelection.Units)
            _reads = AddLocations("read_locations");
        if (writes && !isWhole)
            _writes = AddLocations("locations");
        if (writes && site.Type.NeedsSource())
            _source = Add("source", isWhole ? new TensorType(ElementType.Float32, Shape.Of(Own("batch"), Own("units"), Own("width"))) : UnitType);
        if (writes && site.Type.HasCoefficient())
            _coefficient = Add("coefficient", isWhole ? WholeCoefficientType : CoefficientType);
    }

    /// <summary>What names of the site begin with.</summary>
    public string Place { get; }

    public Value ReadLocations => _reads!;

    public Value WriteLocations => _writes!;

    public Value Source => _source!;

    public Value Coefficient => _coefficient!;

    /// <summary>The type of what the site reads.</summary>
    public TensorType ReadType => _site.Selection == SiteSelection.Size
        ? new TensorType(ElementType.Int64, Shape.Of(_component.Layout == ComponentLayout.Positions ? _component.Axes : 4))
        : UnitType;

    /// <summary>The site as the model has it now.</summary>
    /// <param name="read">What is read in the main graph, if anything.</param>
    /// <param name="lifted">What is read in branches, if anything.</param>
    public SplicedSite Describe(Value? read, Value? lifted)
    {
        if ((read ?? lifted) is { } output)
            _editor.Graph.AddOutput(output);
        return new SplicedSite
        {
            Site = _site,
            Component = _component,
            ReadLocations = _reads?.Name,
            Read = (read ?? lifted)?.Name,
            WriteLocations = _writes?.Name,
            Source = _source?.Name,
            Coefficient = _coefficient?.Name,
        };
    }

    private TensorType UnitType => new(ElementType.Float32, _component.Layout switch
    {
        ComponentLayout.HeadsFirst => Shape.Of(Own("units"), Own("query"), Own("key")),
        _ when _component.Axes != 3 => new Shape([Own("units"), .. Enumerable.Range(2, _component.Axes - 2).Select(axis => Own($"axis_{axis}"))]),
        _ => Shape.Of(Own("units"), _component.Width > 0 ? Dimension.Fixed(_component.Width) : Own("width")),
    });

    private TensorType CoefficientType =>
        new(ElementType.Float32, new Shape([Own("units"), .. Enumerable.Repeat(Dimension.Fixed(1), _component.UnitAxes)]));

    private TensorType WholeCoefficientType => new(ElementType.Float32, Shape.Of(Own("rows"), Dimension.Fixed(1), Dimension.Fixed(1)));

    private void Check()
    {
        if (_site.Selection == SiteSelection.Whole && !_site.Type.HasCoefficient())
            throw new InterventionException($"{_site.Type.ClassName()} at {_component} needs its units to be chosen by the run.");
    }

    private Value AddLocations(string name)
    {
        var width = _component.Layout == ComponentLayout.HeadsInWidth ? 3 : 2;
        return Add(name, new TensorType(ElementType.Int64, Shape.Of(Own($"{name}_units"), Dimension.Fixed(width))));
    }

    private Value Add(string name, TensorType type) => _editor.Graph.AddInput(_editor.Unique($"{Place}/{name}"), type);

    // Dimensions of our own: sharing the model's names would promise equal sizes.
    private Dimension Own(string name) => Dimension.Named($"{Place}_{name}");
}
