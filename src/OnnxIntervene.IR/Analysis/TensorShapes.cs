using System.Collections.Immutable;

namespace OnnxIntervene.IR.Analysis;

/// <summary>Shapes of tensors as far as the file or the nodes around them tell.</summary>
internal sealed class TensorShapes
{
    private readonly Ranks _ranks = new();
    private readonly Widths _widths = new();

    /// <summary>The sizes of a tensor, unknown ones open; null when not even the number of axes is known.</summary>
    public ImmutableArray<Dimension>? Of(Value value)
    {
        if (value.Type?.Shape is { } shape)
            return shape.Dimensions;
        if (value.Initializer is { } data)
            return [.. data.Dimensions.Select(Dimension.Fixed)];
        var rank = _ranks.Of(value);
        if (rank == Ranks.Unknown)
            return null;
        var sizes = Enumerable.Repeat(Dimension.Unknown, Math.Max(0, rank)).ToArray();
        if (rank > 0 && _widths.Of(value) is > 0 and var width)
            sizes[^1] = Dimension.Fixed(width);
        return [.. sizes];
    }

    /// <summary>The shape in words: <c>[batch, ?, 32]</c>.</summary>
    public string Text(Value value) => Of(value) is { } sizes ? $"[{string.Join(", ", sizes)}]" : "?";
}
