using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Rewriting;

namespace OnnxIntervene.Splicing;

/// <summary>The inputs that one site adds to the model; branches share them.</summary>
internal sealed class SiteInputs
{
    private readonly GraphEditor _editor;
    private readonly SpliceSite _site;
    private readonly Component _component;
    private readonly Component _found;
    private readonly Value? _reads;
    private readonly Value? _writes;
    private readonly Value? _source;
    private readonly Value? _coefficient;
    private readonly Value? _mask;
    private readonly Value? _switch;

    public SiteInputs(GraphEditor editor, PlacedSite placed)
    {
        var site = placed.Site;
        _editor = editor;
        _site = site;
        _component = placed.Component;
        _found = placed.Found;
        Place = $"{NameScope.Prefix}{placed.Index}";
        Check();
        var isWhole = site.Selection is SiteSelection.Whole or SiteSelection.Always;
        var writes = site.Selection != SiteSelection.Size && !site.Type.ReadsOnly;
        if (site.Selection == SiteSelection.Units)
            _reads = AddLocations("read_locations");
        if (!writes)
            return;
        if (site.Selection == SiteSelection.Units)
            _writes = AddLocations("locations");
        if (TakesSource)
            _source = Add("source", isWhole ? WholeType : RowType);
        if (site.Type.HasCoefficient && !site.IsSourceScaled)
            _coefficient = Add("coefficient", isWhole ? WholeCoefficientType : CoefficientType);
        if (site.HasSwitch)
            _switch = Add("active", new TensorType(ElementType.Float32, Shape.Of(1)));
        if (site.HasSubspaces)
            _mask = Add("subspace", new TensorType(ElementType.Bool, MaskShape));
        Parameters = [.. ParameterList().Select(entry => Parameter(entry.Name, entry.Shape))];
    }

    /// <summary>The prefix of the site's names.</summary>
    public string Place { get; }

    public Value ReadLocations => _reads!;

    public Value WriteLocations => _writes!;

    public Value? Source => _source;

    public Value? Coefficient => _coefficient;

    /// <summary>Which dimensions are changed, bool <c>[rows, latents]</c>; null for all.</summary>
    public Value? Mask => _mask;

    /// <summary>
    /// Whether the site acts, float32 <c>[1]</c>, 0 for no (ONNX Runtime's adapters hold no booleans); null for always.
    /// </summary>
    public Value? Switch => _switch;

    /// <summary>The kind's parameters and their inputs.</summary>
    public ImmutableArray<(SplicedParameter Parameter, Value Value)> Parameters { get; } = [];

    /// <summary>The kind's parameters by name.</summary>
    public Dictionary<string, Value> ParameterValues =>
        Parameters.ToDictionary(entry => entry.Parameter.Name, entry => entry.Value);

    /// <summary>Elements of a unit.</summary>
    public int ComponentWidth => _component.Width;

    /// <summary>How many dimensions a run may choose from.</summary>
    public int SubspaceSize => _site.Type.HasParameters ? _site.Sizes.Latents : _component.Width;

    /// <summary>The type of what the site reads.</summary>
    public TensorType ReadType =>
        _site.Selection == SiteSelection.Size
            ? new TensorType(
                ElementType.Int64,
                Shape.Of(_component.Layout == ComponentLayout.Positions ? _component.Axes : 4)
            )
            : UnitType;

    private bool TakesSource => _site.Custom?.TakesSource ?? _site.Type.TakesSource;

    /// <summary>The spliced site.</summary>
    /// <param name="read">What is read, in the main graph; null for nothing.</param>
    public SitePorts Describe(Value? read)
    {
        if (read is not null)
            _editor.Graph.AddOutput(read);
        return new SitePorts
        {
            Site = _site,
            Component = _found,
            ReadLocations = _reads?.Name,
            Read = read?.Name,
            WriteLocations = _writes?.Name,
            Source = _source?.Name,
            Coefficient = _coefficient?.Name,
            Mask = _mask?.Name,
            Switch = _switch?.Name,
            Parameters = [.. Parameters.Select(entry => entry.Parameter)],
        };
    }

    /// <summary>
    /// The mask with a row for each written unit, float32 <c>[units, latents]</c>: a run may give one row for all.
    /// </summary>
    /// <remarks>ONNX Runtime does not expand booleans of every size, so numbers are used.</remarks>
    public Value MaskOfEachUnit(OpBuilder ops) =>
        ops.Expand(ops.Cast(_mask!, ElementType.Float32), ops.Concat(0, UnitCount(ops), ops.Constant(SubspaceSize)));

    /// <summary>How many units are written, int64 <c>[1]</c>.</summary>
    public Value UnitCount(OpBuilder ops) => ops.Slice(ops.ShapeOf(_writes!), 0, 0, 1);

    private int UnitAxes => _site.UnitAxesOf(_component);

    private TensorType UnitType =>
        new(
            ElementType.Float32,
            _component switch
            {
                { Layout: ComponentLayout.HeadsInWidth } or { Layout: ComponentLayout.Positions, Axes: 3 } => Shape.Of(
                    Own("units"),
                    _component.Width > 0 ? Dimension.Fixed(_component.Width) : Own("width")
                ),
                _ => new Shape([Own("units"), .. Enumerable.Range(0, UnitAxes).Select(axis => Own($"axis_{axis}"))]),
            }
        );

    private TensorType RowType =>
        _site.UnitsPerRow == 1
            ? UnitType
            : new TensorType(ElementType.Float32, Shape.Of(Own("rows"), Dimension.Fixed(_site.Sizes.Width)));

    private TensorType CoefficientType =>
        new(ElementType.Float32, new Shape([Own("units"), .. Enumerable.Repeat(Dimension.Fixed(1), UnitAxes)]));

    // As many axes as the component's view has.
    private TensorType WholeType =>
        new(
            ElementType.Float32,
            _component.Layout == ComponentLayout.HeadsInWidth
                ? Shape.Of(Own("batch"), Own("units"), Own("heads"), Own("width"))
                : Shape.Of(Own("batch"), Own("units"), Own("width"))
        );

    private TensorType WholeCoefficientType =>
        new(
            ElementType.Float32,
            new Shape([Own("rows"), .. Enumerable.Repeat(Dimension.Fixed(1), WholeType.Shape!.Rank - 1)])
        );

    private Shape MaskShape => Shape.Of(Own("masked_rows"), Own("latents"));

    private ImmutableArray<(string Name, ImmutableArray<int> Shape)> ParameterList() =>
        _site.Custom?.GraphParameters ?? _site.Type.ShapesOf(_site.Sizes);

    private void Check()
    {
        if (_site.Selection == SiteSelection.Whole && !_site.Type.HasCoefficient)
            throw new InterventionException(
                $"{_site.Type.ClassName} at {_component} needs its units to be chosen by the run."
            );
        if (_site.Selection == SiteSelection.Always)
            CheckAlways();
        if (_site.Type.HasParameters && UnitAxes != 1)
            throw new InterventionException(
                $"{_site.Type.ClassName} at {_component} needs units that are vectors; these have {UnitAxes} axes."
            );
    }

    private void CheckAlways()
    {
        if (_site.UnitsPerRow > 1)
            throw new InterventionException(
                $"{_site.Type.ClassName} at {_component} takes several units together, and a file that is changed for "
                    + "good has as many as each run gives it. Give it the parameters for one."
            );
        if (_component.Source is BodySource or RecurrentSource or StepsSource)
            throw new InterventionException(
                $"{_component} is computed step by step; what acts there needs its steps to be chosen by the run."
            );
        if (_component.Layout == ComponentLayout.HeadsFirst ? TakesSource : _component.Axes != 3)
            throw new InterventionException(
                $"A unit of {_component} is no vector; {_site.Type.ClassName} there needs its units to be chosen by "
                    + "the run."
            );
    }

    private Value AddLocations(string name) =>
        Add(
            name,
            new TensorType(
                ElementType.Int64,
                Shape.Of(Own($"{name}_units"), Dimension.Fixed(_site.LocationWidthOf(_component)))
            )
        );

    private (SplicedParameter Parameter, Value Value) Parameter(string name, ImmutableArray<int> shape)
    {
        var type = new TensorType(ElementType.Float32, new Shape([.. shape.Select(size => Dimension.Fixed(size))]));
        var value = _site.ParameterSet is { } set
            ? _editor.Shared(
                $"{NameScope.Prefix}set_{set}/{name}",
                wish => _editor.Graph.AddInput(_editor.Unique(wish), type)
            )
            : Add(name, type);
        return (new SplicedParameter(name, value.Name, shape), value);
    }

    private Value Add(string name, TensorType type) => _editor.Graph.AddInput(_editor.Unique($"{Place}/{name}"), type);

    // Dimensions of our own: sharing the model's names would promise equal sizes.
    private Dimension Own(string name) => Dimension.Named($"{Place}_{name}");
}
