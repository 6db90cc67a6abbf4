using System.Globalization;

namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>
/// A whole number in a shape: fixed, a sum of products of named sizes (<c>past + 2 * batch</c>), or
/// unknown. The default is unknown.
/// </summary>
internal readonly struct Quantity
{
    // The prefix of names of sizes that no file has.
    private const char HiddenMark = '?';

    // Between the names of a product; no file has it in a name.
    private const char Times = '\n';

    // Sums and products of sums double with each operator: what is longer than any shape is not followed.
    private const int MostTerms = 32;
    private const int LongestProduct = 400;

    private readonly bool _isKnown;
    private readonly long _constant;

    // In the ordinal order of their names, no factor 0; null where there are none.
    private readonly Term[]? _terms;

    private Quantity(long constant, Term[]? terms)
    {
        _isKnown = true;
        _constant = constant;
        _terms = terms is { Length: > 0 } ? terms : null;
    }

    /// <summary>A number about which nothing is known.</summary>
    public static Quantity Unknown => default;

    /// <summary>The number, when it is fixed.</summary>
    public long? Number => _isKnown && _terms is null ? _constant : null;

    /// <summary>Whether it is fixed, or expressed by names.</summary>
    public bool IsKnown => _isKnown;

    /// <summary>Whether it is told by names that stand in no file.</summary>
    public bool IsHidden => _terms is not null && Array.Exists(_terms, term => term.Names.Contains(HiddenMark));

    /// <summary>Whether it cannot be below 0, names being sizes.</summary>
    public bool IsSize =>
        _isKnown && _constant >= 0 && (_terms is null || Array.TrueForAll(_terms, term => term.Factor > 0));

    private Term[] Terms => _terms ?? [];

    public static Quantity Of(long number) => new(number, null);

    public static Quantity Named(string name) => new(0, [new Term(name, 1)]);

    /// <summary>A new size, equal only to itself.</summary>
    public static Quantity Hidden(int number) => Named($"{HiddenMark}{number.ToString(CultureInfo.InvariantCulture)}");

    /// <summary>
    /// What a dimension of a file says. Exporters write sums (<c>past_sequence_length + sequence_length</c>) as names.
    /// </summary>
    public static Quantity From(Dimension dimension)
    {
        if (dimension.Size is { } size)
            return Of(size);
        if (string.IsNullOrEmpty(dimension.Symbol))
            return Unknown;
        return dimension.Symbol.Split(" + ").Select(Part).Aggregate((sum, part) => sum + part);
    }

    /// <summary>The dimension as a file writes it: names of our own are unknown there.</summary>
    public Dimension ToDimension() =>
        Number is { } number ? (number < 0 ? Dimension.Unknown : Dimension.Fixed(number))
        : !_isKnown || IsHidden ? Dimension.Unknown
        : Dimension.Named(ToString());

    /// <summary>Whether both are known to be the same.</summary>
    public bool IsSame(Quantity other) =>
        _isKnown
        && other._isKnown
        && _constant == other._constant
        && _terms.AsSpan().SequenceEqual(other._terms.AsSpan());

    /// <summary>The quotient where the division is exact, or where both are fixed, rounded towards zero.</summary>
    public Quantity DividedBy(Quantity divisor)
    {
        if (!_isKnown || divisor.Number == 0)
            return Unknown;
        if (Number is { } number && divisor.Number is { } fixedDivisor)
            return fixedDivisor == -1 ? Of(0) - this : Of(number / fixedDivisor);
        return ExactQuotient(divisor);
    }

    /// <summary>The same with numbers in the place of names.</summary>
    public Quantity With(IReadOnlyDictionary<string, long> numbers)
    {
        if (_terms is null || numbers.Count == 0)
            return this;
        var sum = Of(_constant);
        foreach (var (names, factor) in _terms)
            sum += names.Split(Times).Select(Replaced).Aggregate(Of(factor), (product, part) => product * part);
        return sum;

        Quantity Replaced(string name) => numbers.TryGetValue(name, out var number) ? Of(number) : Named(name);
    }

    public static Quantity operator +(Quantity left, Quantity right) =>
        left._isKnown && right._isKnown
            ? Fitting((Int128)left._constant + right._constant, Sum(left.Terms, right.Terms))
            : Unknown;

    public static Quantity operator -(Quantity left, Quantity right) => left + (right * Of(-1));

    public static Quantity operator *(Quantity left, Quantity right)
    {
        if (!left._isKnown || !right._isKnown)
            return Unknown;
        var constant = (Int128)left._constant * right._constant;
        if (left._terms is null && right._terms is null)
            return Fitting(constant, []);
        var sum = Fitting(constant, Product(left.Terms, new Term("", right._constant)));
        sum += Fitting(0, Product(right.Terms, new Term("", left._constant)));
        foreach (var term in left.Terms)
            sum += Fitting(0, Product(right.Terms, term));
        return sum;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        if (!_isKnown)
            return "?";
        var parts = Terms.Select(term =>
            Text(term.Names.Replace($"{Times}", " * ", StringComparison.Ordinal), term.Factor)
        );
        if (_constant != 0 || _terms is null)
            parts = parts.Append(_constant.ToString(CultureInfo.InvariantCulture));
        return string.Join(" + ", parts);
    }

    private static string Text(string names, long factor) =>
        factor == 1 ? names : $"{factor.ToString(CultureInfo.InvariantCulture)} * {names}";

    private static Quantity Part(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Of(number) : Named(text);

    // Each term must be divisible by the one term of the divisor.
    private Quantity ExactQuotient(Quantity divisor)
    {
        if (IsSame(divisor))
            return Of(1);
        if (
            divisor._terms is { Length: > 1 }
            || (divisor._terms is not null && (divisor._constant != 0 || _constant != 0))
        )
            return Unknown;
        var (names, factor) = divisor._terms is [var term] ? term : new Term("", divisor._constant);
        if (_constant % factor != 0)
            return Unknown;
        var sum = Of(_constant / factor);
        foreach (var (own, ownFactor) in Terms)
            sum += ownFactor % factor == 0 ? Of(ownFactor / factor) * Without(own, names) : Unknown;
        return sum;
    }

    private static Quantity Without(string names, string divisor)
    {
        var left = names.Split(Times).ToList();
        var isPart = divisor.Length == 0 || divisor.Split(Times).All(left.Remove);
        return isPart ? left.Aggregate(Of(1), (product, name) => product * Named(name)) : Unknown;
    }

    // Null where a factor does not fit, or where there are more than are followed.
    private static Term[]? Sum(Term[] left, Term[] right)
    {
        if (left.Length == 0 || right.Length == 0)
            return left.Length == 0 ? right : left;
        var terms = new List<Term>(left.Length + right.Length);
        for (var (one, other) = (0, 0); one < left.Length || other < right.Length; )
        {
            var order =
                one == left.Length ? 1
                : other == right.Length ? -1
                : string.CompareOrdinal(left[one].Names, right[other].Names);
            var names = order <= 0 ? left[one].Names : right[other].Names;
            var factor = (Int128)(order <= 0 ? left[one++].Factor : 0) + (order >= 0 ? right[other++].Factor : 0);
            if (factor < long.MinValue || factor > long.MaxValue)
                return null;
            if (factor != 0)
                terms.Add(new Term(names, (long)factor));
        }

        return terms.Count <= MostTerms ? [.. terms] : null;
    }

    private static Term[]? Product(Term[] terms, Term factor)
    {
        if (terms.Length == 0 || factor.Factor == 0)
            return [];
        var products = new Term[terms.Length];
        for (var index = 0; index < terms.Length; index++)
        {
            var number = (Int128)terms[index].Factor * factor.Factor;
            var names = Joined(terms[index].Names, factor.Names);
            if (number < long.MinValue || number > long.MaxValue || names.Length > LongestProduct)
                return null;
            products[index] = new Term(names, (long)number);
        }

        Array.Sort(products, (one, other) => string.CompareOrdinal(one.Names, other.Names));
        return products;
    }

    private static string Joined(string first, string second) =>
        second.Length == 0
            ? first
            : string.Join(Times, first.Split(Times).Concat(second.Split(Times)).Order(StringComparer.Ordinal));

    // What no 64-bit number holds is not a size of any tensor.
    private static Quantity Fitting(Int128 constant, Term[]? terms) =>
        terms is not null && constant >= long.MinValue && constant <= long.MaxValue
            ? new Quantity((long)constant, terms)
            : Unknown;

    // A product of names, and how often it is taken.
    private readonly record struct Term(string Names, long Factor);
}
