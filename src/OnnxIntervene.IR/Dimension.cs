using System.Globalization;

namespace OnnxIntervene.IR;

/// <summary>One dimension of a shape: a size, a symbol (<c>dim_param</c>), or neither when nothing is known.</summary>
/// <param name="Size">The size, when it is fixed.</param>
/// <param name="Symbol">The name that equal dimensions share, when the size is not fixed.</param>
/// <param name="Denotation">What the dimension means, in ONNX's terms; rarely stated.</param>
public readonly record struct Dimension(long? Size, string? Symbol = null, string? Denotation = null)
{
    /// <summary>A dimension about which nothing is known.</summary>
    public static Dimension Unknown => default;

    /// <summary>A dimension of fixed size.</summary>
    public static Dimension Fixed(long size) => new(size);

    /// <summary>A dimension known by its name only.</summary>
    public static Dimension Named(string symbol) => new(null, symbol);

    /// <inheritdoc/>
    public override string ToString() => Size?.ToString(CultureInfo.InvariantCulture) ?? Symbol ?? "?";
}
