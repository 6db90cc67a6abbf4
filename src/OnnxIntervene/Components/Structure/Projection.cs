using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>
/// Where the queries, keys or values of an attention come from: a linear layer, or a part of a packed one.
/// </summary>
/// <param name="Layer">The linear layer.</param>
/// <param name="Path">
/// The values between the layer's output and the attention, from the layer on, both ends included.
/// </param>
internal sealed record Projection(LinearLayer Layer, ImmutableArray<Value> Path)
{
    private const int Stacked = 3;
    private const int LongestPath = 200;

    /// <summary>Whether what a node computes is no longer a projection.</summary>
    public static bool Ends(Node node) => node.Operator.OperatorType is "Softmax" or "Cos" or "Sin";

    /// <summary>
    /// Follows an operand of an attention back to its linear layer by the shortest way; null when it has none.
    /// </summary>
    public static Projection? Along(Value operand, NearestLayers ways)
    {
        if (ways.Of(operand) is not { Layer: { } layer, Length: < LongestPath })
            return null;
        var path = new List<Value>();
        for (var value = operand; value is not null; value = ways.Of(value).Next)
            path.Add(value);
        path.Reverse();
        var from = path.IndexOf(layer.Output);
        return new Projection(layer, [.. from > 0 ? path.Skip(from) : path]);
    }

    /// <summary>
    /// The component and its heads; <paramref name="isPacked"/> when the layer computes queries, keys and values at
    /// once.
    /// </summary>
    public (ComponentSource? Source, int Width, int Heads) Locate(
        OpenedView view,
        LinearLayers layers,
        int part,
        bool isPacked
    )
    {
        if (!isPacked)
            return (view.Source(Layer.Output), Layer.OutputWidth, Heads(Layer.Output, Layer.OutputWidth));
        var splitter = Path.Skip(1)
            .FirstOrDefault(value => value.Producer!.Operator.OperatorType is "Split" or "Slice" or "Gather");
        if (splitter is null)
            return (null, 0, 0);
        var reshape = Path.TakeWhile(value => value != splitter)
            .LastOrDefault(value => IsReshape(value) && value != Layer.Output);
        if (reshape is null)
            return Flat(view, layers, splitter, part);
        var between = Path.SkipWhile(value => value != reshape).TakeWhile(value => value != splitter).Append(splitter);
        return Reshaped(view, GraphConstants.Integers(reshape.Producer!.Inputs[1]!) ?? [], [.. between], part);
    }

    // [batch, position, width]: the part is a tensor of its own.
    private (ComponentSource? Source, int Width, int Heads) Flat(
        OpenedView view,
        LinearLayers layers,
        Value piece,
        int part
    )
    {
        var width = PieceWidth(piece.Producer!, piece, part);
        var output = layers.WithBias(piece);
        return width > 0 ? (view.Source(output), width, Heads(piece, width)) : (null, 0, 0);
    }

    // Which axis is cut, and where, determines how queries, keys and values are laid out in the packed width; other
    // layouts are not supported.
    private (ComponentSource? Source, int Width, int Heads) Reshaped(
        OpenedView view,
        ImmutableArray<long?> sizes,
        ImmutableArray<Value> path,
        int part
    )
    {
        if (
            view.Source(Layer.Output) is not TensorSource { Value: var packed }
            || sizes.Length is not (4 or 5)
            || PackedPiece.Of(path, sizes) is not { } piece
        )
            return (null, 0, 0);
        var third = Layer.OutputWidth / Stacked;
        var isThird =
            Layer.OutputWidth % Stacked == 0 && piece.Start is >= 0 and < Stacked && piece.End == piece.Start + 1;
        switch (sizes)
        {
            case [_, _, Stacked, > 0 and long heads, _] when piece.Axis == 2 && isThird:
                return (
                    new SliceSource(packed, (int)piece.Start * third, (int)(piece.Start + 1) * third),
                    third,
                    (int)heads
                );
            case [_, _, > 0 and long heads, Stacked, _] when piece.Axis == 3 && isThird && third % heads == 0:
                return (
                    new InterleavedSource(packed, (int)heads, (int)(third / heads), (int)piece.Start),
                    third,
                    (int)heads
                );
            case [_, _, _, _] when piece.Axis == 3:
                return ByHead(packed, sizes, piece, third, part);
            case [_, _, _, > 0 and long headWidth] when piece is { Axis: 2, Start: >= 0 }:
                var (start, end) = ((int)(piece.Start * headWidth), (int)(piece.End * headWidth));
                return (new SliceSource(packed, start, end), end - start, (int)(piece.End - piece.Start));
            default:
                return (null, 0, 0);
        }
    }

    // [batch, position, heads, 3 × head width]; chunks whose bounds are computed are thirds in the usual order.
    private (ComponentSource? Source, int Width, int Heads) ByHead(
        Value packed,
        ImmutableArray<long?> sizes,
        PackedPiece piece,
        int third,
        int part
    )
    {
        var heads =
            sizes[2] is > 0 and var given ? given
            : sizes[3] is > 0 and var width ? Layer.OutputWidth / width
            : 0;
        if (heads > 0 && piece.Start == PackedPiece.Computed && third % heads == 0)
            piece = new PackedPiece(piece.Axis, part * third / heads, (part + 1) * third / heads);
        var headWidth = piece.End - piece.Start;
        return
            heads > 0
            && headWidth > 0
            && headWidth * heads == third
            && third * Stacked == Layer.OutputWidth
            && piece.Start % headWidth == 0
            ? (
                new InterleavedSource(packed, (int)heads, (int)headWidth, (int)(piece.Start / headWidth)),
                third,
                (int)heads
            )
            : (null, 0, 0);
    }

    private int PieceWidth(Node splitter, Value piece, int part)
    {
        if (piece.Type?.Shape is { Rank: 3 } shape && shape[-1].Size is { } size)
            return (int)size;
        if (splitter.Operator.OperatorType == "Split")
        {
            var sizes = splitter.InputOrNull(1) is { } given
                ? GraphConstants.Integers(given)
                : splitter.FindAttribute("split")?.Integers.Select(length => (long?)length).ToImmutableArray();
            var index = splitter.Outputs.ToList().IndexOf(piece);
            return (int)(
                (sizes is { } all && index < all.Length ? all[index] : null)
                ?? (Layer.OutputWidth / splitter.Outputs.Count)
            );
        }

        if (
            splitter.Operator.OperatorType != "Slice"
            || Bound(splitter, 1) is not { } start
            || Bound(splitter, 2) is not { } end
            || part < 0
        )
            return 0;
        return (int)(Math.Min(end, Layer.OutputWidth) - start);
    }

    private static long? Bound(Node slice, int input) =>
        slice.InputOrNull(input) is { } bound && GraphConstants.Integers(bound) is [{ } number] ? number : null;

    // The reshape into heads that is nearest to the projection.
    private int Heads(Value from, int width)
    {
        foreach (var value in Path.SkipWhile(value => value != from).Skip(1).Where(IsReshape))
        {
            if (
                GraphConstants.Integers(value.Producer!.Inputs[1]!) is { Length: 4 } sizes
                && AttentionFinder.HeadsOf(sizes[2], sizes[3], width) is > 0 and var heads
            )
                return heads;
        }

        return 0;
    }

    private static bool IsReshape(Value value) => value.Producer?.Operator.OperatorType == "Reshape";
}
