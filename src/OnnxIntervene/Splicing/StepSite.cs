using OnnxIntervene.Components;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Splicing.Arithmetic;

namespace OnnxIntervene.Splicing;

/// <summary>One site of a recurrent layer: which steps change, and to what, laid out over all steps.</summary>
internal sealed class StepSite
{
    private readonly SiteInputs _inputs;
    private readonly SpliceSite _site;
    private readonly int _width;
    private Value? _read;

    public StepSite(GraphEditor editor, SpliceSite site, Component component, int index)
    {
        if (site.Selection == SiteSelection.Whole)
            throw new InterventionException($"{site.Type.ClassName()} at {component} needs its steps to be chosen by the run.");
        if (site.UnitsPerRow > 1 || site.HasSubspaces)
            throw new InterventionException($"{site.Type.ClassName()} at {component} changes steps one by one and whole: give one unit a row, and no subspaces.");
        _inputs = new SiteInputs(editor, site, component, index);
        _site = site;
        _width = component.Width;
    }

    /// <summary>Which steps change, <c>[batch, step, 1]</c>; null where none does.</summary>
    public Value? Mask { get; private set; }

    /// <summary>What the change is made of, <c>[batch, step, width]</c>; null where it is made of nothing.</summary>
    public Value? Grid { get; private set; }

    private bool Writes => _site.Selection == SiteSelection.Units && _site.Type != InterventionType.Collect;

    /// <summary>Lays the chosen steps out over all.</summary>
    public void Prepare(OpBuilder ops, Value batch, Value steps)
    {
        if (!Writes)
            return;
        var count = ops.Slice(ops.ShapeOf(_inputs.WriteLocations), 0, 0, 1);
        var ones = ops.ConstantOfShape(ops.Concat(0, count, ops.Constant(1)), TensorData.FromFloats([1], [1f]));
        Mask = ops.Cast(Scatter(ops, batch, steps, 1, ones), ElementType.Bool);
        if (_inputs.Source is not { } source)
            return;
        Grid = Scatter(ops, batch, steps, _width, _inputs.Coefficient is { } coefficient ? ops.Mul(source, coefficient) : source);
    }

    /// <summary>One step's state, changed where its mask says so.</summary>
    public Value Change(OpBuilder ops, Value state, Value? mask, Value? change) => mask is null
        ? state
        : ops.Where(mask, Changed(ops, state, change), state);

    /// <summary>Reads the chosen steps of all states, <c>[batch, step, width]</c>.</summary>
    public void Read(OpBuilder ops, Value states)
    {
        _read = _site.Selection == SiteSelection.Size ? ops.ShapeOf(states) : UnitAccess.Read(ops, states, _inputs.ReadLocations);
        _read.Type = _inputs.ReadType;
    }

    public SplicedSite Describe() => _inputs.Describe(_read, null);

    // The source is multiplied by its coefficient already.
    private Value Changed(OpBuilder ops, Value state, Value? change) => _site.Type switch
    {
        InterventionType.Addition => ops.Add(state, change!),
        InterventionType.Subtraction => ops.Sub(state, change!),
        var type => KindArithmetic.Apply(
            type,
            new KindRows(ops, state, _site.Sizes, _inputs.Parameters.ToDictionary(entry => entry.Parameter.Name, entry => entry.Value))
            {
                Source = change,
                Custom = _site.Custom,
            }),
    };

    private Value Scatter(OpBuilder ops, Value batch, Value steps, int width, Value updates)
    {
        var zeros = ops.ConstantOfShape(ops.Concat(0, batch, steps, ops.Constant(width)), TensorData.FromFloats([1], [0f]));
        return UnitAccess.Write(ops, zeros, _inputs.WriteLocations, updates);
    }
}
