using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Rewriting;

namespace OnnxIntervene.Splicing;

/// <summary>
/// A component's tensor in the shape that its units are counted in, and the inverse: <c>[batch, position, width]</c>,
/// <c>[batch, position, head, width]</c>, or <c>[batch, head, query, key]</c>.
/// </summary>
internal sealed record ComponentView(Value Value, Component Component, Value Holder)
{
    public static ComponentView Open(GraphEditor editor, OpBuilder ops, Component component, Value holder)
    {
        var part = component.Source switch
        {
            FlatSource flat => ops.Reshape(
                holder,
                ops.Concat(0, BatchOf(ops, editor.Current(flat.Batch)), ops.Constant(-1, component.FullWidth))
            ),
            SliceSource slice => ops.Slice(holder, -1, slice.Start, slice.End),
            InterleavedSource packed => ByHead(ops, packed, holder, packed.Part, packed.Part + 1),
            _ => holder,
        };
        var view = component.Layout switch
        {
            ComponentLayout.HeadsInWidth when component.Source is not SplitHeadsSource => ops.Reshape(
                part,
                0,
                0,
                component.Heads,
                component.Width
            ),
            ComponentLayout.Positions when component.Source is SplitHeadsSource or InterleavedSource => ops.Reshape(
                part,
                0,
                0,
                component.Width
            ),
            _ => part,
        };
        return new ComponentView(view, component, holder);
    }

    /// <summary>The whole tensor again, with the component as it is now.</summary>
    public Value Close(OpBuilder ops, Value changed) =>
        Component.Source switch
        {
            SplitHeadsSource split => ops.Reshape(changed, 0, 0, split.Heads, split.HeadWidth),
            FlatSource => ops.Reshape(changed, -1, Component.FullWidth),
            SliceSource slice => Rejoin(ops, slice, Flat(ops, changed)),
            InterleavedSource packed => Rejoin(ops, packed, changed),
            _ => Flat(ops, changed),
        };

    private static Value BatchOf(OpBuilder ops, Value tensor) => ops.Slice(ops.ShapeOf(tensor), 0, 0, 1);

    private Value Flat(OpBuilder ops, Value changed) =>
        Component.Layout == ComponentLayout.HeadsInWidth
            ? ops.Reshape(changed, 0, 0, Component.Heads * Component.Width)
            : changed;

    private Value Rejoin(OpBuilder ops, SliceSource slice, Value part)
    {
        var parts = new List<Value>();
        if (slice.Start > 0)
            parts.Add(ops.Slice(Holder, -1, 0, slice.Start));
        parts.Add(part);
        parts.Add(ops.Slice(Holder, -1, slice.End, long.MaxValue));
        return ops.Concat(-1, parts);
    }

    private Value Rejoin(OpBuilder ops, InterleavedSource packed, Value changed)
    {
        var parts = new List<Value>();
        if (packed.Part > 0)
            parts.Add(ByHead(ops, packed, Holder, 0, packed.Part));
        parts.Add(ops.Reshape(changed, 0, 0, packed.Heads, 1, packed.HeadWidth));
        if (packed.Part + 1 < InterleavedSource.Parts)
            parts.Add(ByHead(ops, packed, Holder, packed.Part + 1, InterleavedSource.Parts));
        return ops.Reshape(ops.Concat(3, parts), 0, 0, packed.Heads * InterleavedSource.Parts * packed.HeadWidth);
    }

    // [batch, position, head, part, head width], some of the parts.
    private static Value ByHead(OpBuilder ops, InterleavedSource packed, Value holder, int first, int end) =>
        ops.Slice(ops.Reshape(holder, 0, 0, packed.Heads, InterleavedSource.Parts, packed.HeadWidth), 3, first, end);
}
