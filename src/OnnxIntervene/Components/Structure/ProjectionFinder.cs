using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>Finds queries, keys and values of an attention, whatever operators compute them.</summary>
internal static class ProjectionFinder
{
    public static (ComponentSource? Source, int Width, int Heads) Find(
        OpenedView view,
        LinearLayers layers,
        AttentionCore core,
        int part
    )
    {
        var fused = FusedHeads(core, part);
        if (FusedOperators.IsPackedAttention(core.Node))
            return InsideAttention(view, core, part, fused);
        if (layers.ProjectionOf(core.Operand(part)) is not { } own)
            return (null, 0, 0);
        if (IsPackedInput(core))
        {
            var (start, end) = FusedOperators.PackedRange(core.Node, part, own.Layer.OutputWidth);
            return view.Source(own.Layer.Output) is TensorSource { Value: var packed }
                ? (new SliceSource(packed, start, end), end - start, fused)
                : (null, 0, 0);
        }

        var isPacked =
            Enumerable.Range(0, 3).Count(other => layers.ProjectionOf(core.Operand(other))?.Layer == own.Layer) > 1;
        var (source, width, heads) = own.Locate(view, layers, part, isPacked);
        return (source, width, fused > 0 ? fused : heads);
    }

    /// <summary>The input width of an Attention that multiplies its weights itself.</summary>
    public static int PackedInputWidth(Node attention) =>
        attention.InputOrNull(1) is { } weights && GraphConstants.Dimensions(weights) is { Length: 2 } sizes
            ? (int)sizes[0]
            : 0;

    // A fused operator states its heads, unless its inputs have four axes already.
    private static int FusedHeads(AttentionCore core, int part) =>
        core.IsFused ? FusedOperators.Heads(core.Node, part) : 0;

    private static bool IsPackedInput(AttentionCore core) =>
        FusedOperators.IsGroupQueryAttention(core.Node) && core.Node.InputOrNull(1) is null;

    private static (ComponentSource? Source, int Width, int Heads) InsideAttention(
        OpenedView view,
        AttentionCore core,
        int part,
        int heads
    )
    {
        if (
            core.Node.InputOrNull(1) is not { } weights
            || GraphConstants.Dimensions(weights) is not { Length: 2 } sizes
            || (view.Source(core.Mixed) as TensorSource)?.Value.Producer is not { } node
        )
            return (null, 0, 0);
        var widths = core.Node.FindAttribute("qkv_hidden_sizes")?.Integers;
        var width = widths is { Length: 3 } all ? (int)all[part] : (int)sizes[1] / 3;
        return (new PackedAttentionSource(node, part), width, heads);
    }
}
