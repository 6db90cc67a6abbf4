using OnnxIntervene.Components;
using OnnxIntervene.IR;

namespace OnnxIntervene.Splicing;

/// <summary>
/// A component's tensor in the shape that its units are counted in, and the way back: <c>[batch, position, width]</c>,
/// <c>[batch, position, head, width]</c>, or <c>[batch, head, query, key]</c>.
/// </summary>
internal sealed record ComponentView(Value Value, Component Component, Value Holder)
{
    public static ComponentView Open(OpBuilder ops, Component component, Value holder)
    {
        var part = component.Source is SliceSource slice ? ops.Slice(holder, -1, slice.Start, slice.End) : holder;
        var isSplit = component.Source is SplitHeadsSource;
        var view = component.Layout switch
        {
            ComponentLayout.HeadsInWidth when !isSplit => ops.Reshape(part, 0, 0, component.Heads, component.Width),
            ComponentLayout.Positions when isSplit => ops.Reshape(part, 0, 0, component.Width),
            _ => part,
        };
        return new ComponentView(view, component, holder);
    }

    /// <summary>The whole tensor again, with the component as it is now.</summary>
    public Value Close(OpBuilder ops, Value changed)
    {
        var part = Component.Source switch
        {
            SplitHeadsSource split when Component.Layout == ComponentLayout.Positions => ops.Reshape(changed, 0, 0, split.Heads, split.HeadWidth),
            not SplitHeadsSource when Component.Layout == ComponentLayout.HeadsInWidth => ops.Reshape(changed, 0, 0, Component.Heads * Component.Width),
            _ => changed,
        };
        return Component.Source is SliceSource slice ? Rejoin(ops, slice, part) : part;
    }

    private Value Rejoin(OpBuilder ops, SliceSource slice, Value part)
    {
        var parts = new List<Value>();
        if (slice.Start > 0)
            parts.Add(ops.Slice(Holder, -1, 0, slice.Start));
        parts.Add(part);
        parts.Add(ops.Slice(Holder, -1, slice.End, long.MaxValue));
        return ops.Concat(-1, parts);
    }
}
