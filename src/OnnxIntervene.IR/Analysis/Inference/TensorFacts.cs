namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>What is known about a tensor besides its element type.</summary>
/// <param name="Axes">The sizes, outermost first; null when even their number is unknown.</param>
/// <param name="Contents">
/// The elements of a small tensor of whole numbers (booleans are 0 and 1), some of them perhaps unknown; null where
/// they are not followed.
/// </param>
internal sealed record TensorFacts(Quantity[]? Axes, Quantity[]? Contents = null)
{
    /// <summary>
    /// The most elements whose numbers are followed: shapes, axes, and rows of positions of short texts.
    /// </summary>
    public const int LongestContents = 256;

    /// <summary>The sizes, outermost first; null when even their number is unknown.</summary>
    /// <remarks>A broken file's rules can come to a negative number, which is the size of nothing.</remarks>
    public Quantity[]? Axes
    {
        get;
        init => field = Sizes(value);
    } = Sizes(Axes);

    /// <summary>Nothing is known.</summary>
    public static TensorFacts Unknown { get; } = new((Quantity[]?)null);

    /// <summary>How many elements there are.</summary>
    public Quantity Count =>
        Axes is null ? Quantity.Unknown : Axes.Aggregate(Quantity.Of(1), (product, size) => product * size);

    public static TensorFacts Of(params Quantity[] axes) => new(axes);

    /// <summary>A tensor with this many axes, whose sizes are unknown.</summary>
    public static TensorFacts OfRank(int rank) => new(new Quantity[rank]);

    /// <summary>One number.</summary>
    public static TensorFacts Scalar(Quantity content) => new([], [content]);

    /// <summary>A row of numbers.</summary>
    public static TensorFacts Row(Quantity[] contents) =>
        new([Quantity.Of(contents.Length)], contents.Length <= LongestContents ? contents : null);

    /// <summary>What holds for both: the value is one or the other.</summary>
    public TensorFacts Or(TensorFacts other)
    {
        if (Axes is null || other.Axes is null || Axes.Length != other.Axes.Length)
            return Unknown;
        var contents =
            Contents is null || Contents.Length != other.Contents?.Length ? null : Common(Contents, other.Contents);
        return new TensorFacts(Common(Axes, other.Axes), contents);
    }

    private static Quantity[]? Sizes(Quantity[]? axes) =>
        axes is not null && Array.Exists(axes, IsNegative)
            ? [.. axes.Select(size => IsNegative(size) ? Quantity.Unknown : size)]
            : axes;

    private static bool IsNegative(Quantity size) => size.Number < 0;

    private static Quantity[] Common(Quantity[] first, Quantity[] second) =>
        [.. first.Zip(second, (one, other) => one.IsSame(other) ? one : Quantity.Unknown)];
}
