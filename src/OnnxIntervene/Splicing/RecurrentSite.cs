using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Rewriting;

namespace OnnxIntervene.Splicing;

/// <summary>One site of a recurrent layer: which steps change, and to what, laid out over all steps.</summary>
internal sealed class RecurrentSite
{
    private readonly SiteInputs _inputs;
    private readonly SpliceSite _site;
    private readonly int _width;
    private Value? _read;

    public RecurrentSite(GraphEditor editor, PlacedSite placed)
    {
        var (site, component) = (placed.Site, placed.Component);
        if (site.Selection == SiteSelection.Whole)
            throw new InterventionException(
                $"{site.Type.ClassName} at {component} needs its steps to be chosen by the run."
            );
        if (site.UnitsPerRow > 1)
            throw new InterventionException(
                $"{site.Type.ClassName} at {component} changes steps one by one; give it the parameters for one step."
            );
        _inputs = new SiteInputs(editor, placed);
        _site = site;
        _width = component.Width;
    }

    /// <summary>Which steps change, <c>[batch, step, 1]</c>; null where none does.</summary>
    public Value? Mask { get; private set; }

    /// <summary>The source, <c>[batch, step, width]</c>; null where there is none.</summary>
    public Value? Grid { get; private set; }

    /// <summary>
    /// Which dimensions of the kind's space are changed, <c>[batch, step, latents]</c>; null for all.
    /// </summary>
    public Value? Subspace { get; private set; }

    /// <summary>Everything that is laid out over steps.</summary>
    public IEnumerable<Value> Grids => new[] { Mask, Grid, Subspace }.OfType<Value>();

    private bool Writes => _site.Selection == SiteSelection.Units && !_site.Type.ReadsOnly;

    /// <summary>Scatters the chosen steps' values over all steps.</summary>
    public void Prepare(OpBuilder ops, Value batch, Value steps)
    {
        if (!Writes)
            return;
        var ones = ops.ConstantOfShape(
            ops.Concat(0, _inputs.UnitCount(ops), ops.Constant(1)),
            TensorData.FromFloats([1], [1f])
        );
        Mask = ops.Cast(Scatter(ops, batch, steps, 1, ones), ElementType.Bool);
        if (_inputs.Source is { } source)
            Grid = Scatter(
                ops,
                batch,
                steps,
                _width,
                _inputs.Coefficient is { } coefficient ? ops.Mul(source, coefficient) : source
            );
        if (_inputs.Mask is not null)
            Subspace = ops.Cast(
                Scatter(ops, batch, steps, _inputs.SubspaceSize, _inputs.MaskOfEachUnit(ops)),
                ElementType.Bool
            );
    }

    /// <summary>One step's state, changed where its mask says so.</summary>
    /// <param name="ops">Writes the nodes.</param>
    /// <param name="state">The state, <c>[batch, width]</c>.</param>
    /// <param name="at">A grid's values at this step.</param>
    public Value Change(OpBuilder ops, Value state, Func<Value, Value> at) =>
        Mask is null
            ? state
            : ops.Where(
                at(Mask),
                Changed(ops, state, Grid is null ? null : at(Grid), Subspace is null ? null : at(Subspace)),
                state
            );

    /// <summary>Reads the chosen steps of all states, <c>[batch, step, width]</c>.</summary>
    public void Read(OpBuilder ops, Value states)
    {
        _read =
            _site.Selection == SiteSelection.Size
                ? ops.ShapeOf(states)
                : UnitAccess.Read(ops, states, _inputs.ReadLocations);
        _read.Type = _inputs.ReadType;
    }

    public SitePorts Describe() => _inputs.Describe(_read);

    private Value Changed(OpBuilder ops, Value state, Value? change, Value? subspace)
    {
        // The source is multiplied by its coefficient already.
        var rows = new KindRows(ops, state, _site.Sizes, _inputs.ParameterValues)
        {
            Source = change,
            Mask = subspace,
            Custom = _site.Custom,
        };
        return _site.Type.Apply(rows);
    }

    private Value Scatter(OpBuilder ops, Value batch, Value steps, int width, Value updates)
    {
        var zeros = ops.ConstantOfShape(
            ops.Concat(0, batch, steps, ops.Constant(width)),
            TensorData.FromFloats([1], [0f])
        );
        return UnitAccess.Write(ops, zeros, _inputs.WriteLocations, updates);
    }
}
