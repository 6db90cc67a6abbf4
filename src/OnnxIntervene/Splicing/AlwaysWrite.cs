using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Rewriting;

namespace OnnxIntervene.Splicing;

/// <summary>
/// What a kind makes of all of a component, whatever a run gives: no unit is read by its number, so that the file costs
/// no more than the kind's arithmetic.
/// </summary>
internal sealed class AlwaysWrite(OpBuilder ops, SpliceSite site, SiteInputs inputs)
{
    /// <summary>The new values, in the shape and the type of the component's view.</summary>
    public Value Of(ComponentView view, ComponentView? moduleInput)
    {
        var type = Precision.Of(view.Holder);
        var written = Precision.Restored(ops, Written(Precision.Widened(ops, view.Value, type), moduleInput), type);
        var kept = Chosen(view.Component);
        if (kept is not null)
            written = ops.Where(kept, written, view.Value);
        return inputs.Switch is null
            ? written
            : ops.Where(ops.Cast(inputs.Switch, ElementType.Bool), written, view.Value);
    }

    private Value Written(Value view, ComponentView? moduleInput)
    {
        // The user's own kinds are promised rows.
        var isOwn = site.Custom is not null;
        var source = inputs.Source;
        if (isOwn && source is not null)
            source = Rows(ops.Expand(source, ops.ShapeOf(view)));
        var written = site.Type.Apply(
            new KindRows(ops, isOwn ? Rows(view) : view, site.Sizes, inputs.ParameterValues)
            {
                Source = source,
                Coefficient = inputs.Coefficient,
                Mask = inputs.Mask,
                ModuleInput = site.Type.ComputesWithModuleInput ? Widened(moduleInput!) : null,
                Custom = site.Custom,
            }
        );
        if (isOwn)
            return ops.Reshape(written, ops.ShapeOf(view));
        // One source stands for all units.
        return site.Type.TakesSource && !site.Type.HasCoefficient ? ops.Expand(written, ops.ShapeOf(view)) : written;
    }

    private Value Rows(Value value) => ops.Reshape(value, -1, inputs.ComponentWidth);

    private Value Widened(ComponentView view) => Precision.Widened(ops, view.Value, Precision.Of(view.Holder));

    // Which heads are changed, in the axes of the view; null for all of them.
    private Value? Chosen(Component component)
    {
        if (site.Heads.IsDefault)
            return null;
        var marks = new byte[component.Heads];
        foreach (var head in site.Heads)
            marks[head] = 1;
        long[] shape =
            component.Layout == ComponentLayout.HeadsInWidth ? [1, 1, marks.Length, 1] : [1, marks.Length, 1, 1];
        return ops.Graph.AddInitializer(
            ops.Names.Unique($"{inputs.Place}/heads"),
            TensorData.FromBytes(ElementType.Bool, shape, marks)
        );
    }
}
