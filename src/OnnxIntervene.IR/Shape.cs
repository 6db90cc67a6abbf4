using System.Collections.Immutable;

namespace OnnxIntervene.IR;

/// <summary>The dimensions of a tensor whose rank is known.</summary>
public sealed class Shape
{
    /// <summary>Creates a shape of these dimensions, outermost first.</summary>
    public Shape(ImmutableArray<Dimension> dimensions) => Dimensions = dimensions;

    /// <summary>The dimensions, outermost first.</summary>
    public ImmutableArray<Dimension> Dimensions { get; }

    /// <summary>How many dimensions there are.</summary>
    public int Rank => Dimensions.Length;

    /// <summary>The dimension at <paramref name="index"/>; counted from the end where negative.</summary>
    public Dimension this[int index] => Dimensions[index < 0 ? index + Rank : index];

    /// <summary>A shape of fixed sizes.</summary>
    public static Shape Of(params ReadOnlySpan<long> sizes)
    {
        var dimensions = ImmutableArray.CreateBuilder<Dimension>(sizes.Length);
        foreach (var size in sizes)
            dimensions.Add(Dimension.Fixed(size));
        return new Shape(dimensions.MoveToImmutable());
    }

    /// <summary>A shape of these dimensions.</summary>
    public static Shape Of(params ReadOnlySpan<Dimension> dimensions) => new([.. dimensions]);

    /// <inheritdoc/>
    public override string ToString() => $"[{string.Join(", ", Dimensions)}]";
}
