namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>The sizes that a file tells, as quantities; one object for each name.</summary>
/// <param name="numbers">What some of the names are in one run.</param>
/// <param name="prefersInferred">Whether what the file tells counts only where operators do not tell.</param>
internal sealed class FileSizes(IReadOnlyDictionary<string, long> numbers, bool prefersInferred = false)
{
    // No tensor of a model has more; a chain of operators that add axes would grow with its square.
    private const int MostAxes = 64;

    private readonly Dictionary<string, Quantity> _named = new(StringComparer.Ordinal);
    private int _hidden;

    /// <summary>A size as the file tells it.</summary>
    public Quantity Of(Dimension dimension)
    {
        if (dimension.Size is { } size)
            return Quantity.Of(size);
        if (string.IsNullOrEmpty(dimension.Symbol))
            return Quantity.Unknown;
        if (!_named.TryGetValue(dimension.Symbol, out var quantity))
            _named.Add(dimension.Symbol, quantity = Quantity.From(dimension).With(numbers));
        return quantity;
    }

    /// <summary>
    /// The facts with what the file tells of the same tensor. What is left still gets a name of its own, so that what
    /// is made of it and divided by it again is known.
    /// </summary>
    public TensorFacts Completed(TensorFacts facts, Shape? told)
    {
        if (facts.Axes is null && told is null)
            return facts;
        if ((facts.Axes?.Length ?? told!.Rank) > MostAxes)
            return TensorFacts.Unknown;
        var sizes = facts.Axes ?? new Quantity[told!.Rank];
        if (Array.TrueForAll(sizes, size => size.Number is not null))
            return facts.Axes is null ? facts with { Axes = sizes } : facts;
        // The array may be another value's, too.
        sizes = [.. sizes];
        for (var axis = 0; axis < sizes.Length; axis++)
        {
            if (told?.Rank == sizes.Length)
                sizes[axis] = Better(sizes[axis], Of(told[axis]));
            if (!sizes[axis].IsKnown)
                sizes[axis] = Hidden();
        }

        return facts with
        {
            Axes = sizes,
        };
    }

    private Quantity Hidden() => Quantity.Hidden(_hidden++);

    private Quantity Better(Quantity inferred, Quantity told) =>
        inferred.Number is not null
        || !told.IsKnown
        || (prefersInferred && inferred is { IsKnown: true, IsHidden: false })
            ? inferred
        : told.Number is not null || !inferred.IsKnown || inferred.IsHidden ? told
        : inferred;
}
