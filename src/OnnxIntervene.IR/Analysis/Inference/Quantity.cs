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

    private readonly bool _isKnown;
    private readonly long _constant;
    private readonly SortedDictionary<string, long>? _terms;

    private Quantity(long constant, SortedDictionary<string, long>? terms)
    {
        _isKnown = true;
        _constant = constant;
        _terms = terms is { Count: > 0 } ? terms : null;
    }

    /// <summary>A number about which nothing is known.</summary>
    public static Quantity Unknown => default;

    /// <summary>The number, when it is fixed.</summary>
    public long? Number => _isKnown && _terms is null ? _constant : null;

    /// <summary>Whether it is fixed, or expressed by names.</summary>
    public bool IsKnown => _isKnown;

    /// <summary>Whether it is expressed by names that no file has.</summary>
    public bool IsHidden => _terms?.Keys.Any(name => name.Contains(HiddenMark, StringComparison.Ordinal)) ?? false;

    /// <summary>Whether it cannot be below 0, names being sizes.</summary>
    public bool IsSize => _isKnown && _constant >= 0 && (_terms is null || _terms.Values.All(factor => factor > 0));

    public static Quantity Of(long number) => new(number, null);

    public static Quantity Named(string name) => new(0, new(StringComparer.Ordinal) { [name] = 1 });

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
        && (_terms is null ? other._terms is null : other._terms is not null && _terms.SequenceEqual(other._terms));

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
        if (_terms is null)
            return this;
        var sum = Of(_constant);
        foreach (var (names, factor) in _terms)
            sum += names.Split(Times).Select(Replaced).Aggregate(Of(factor), (product, part) => product * part);
        return sum;

        Quantity Replaced(string name) => numbers.TryGetValue(name, out var number) ? Of(number) : Named(name);
    }

    public static Quantity operator +(Quantity left, Quantity right)
    {
        if (!left._isKnown || !right._isKnown)
            return Unknown;
        if (left._terms is null && right._terms is null)
            return Fitting((Int128)left._constant + right._constant, null);
        var terms = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var fits = Gather(terms, left._terms, 1) && Gather(terms, right._terms, 1);
        return fits ? Fitting((Int128)left._constant + right._constant, terms) : Unknown;
    }

    public static Quantity operator -(Quantity left, Quantity right) => left + (right * Of(-1));

    public static Quantity operator *(Quantity left, Quantity right)
    {
        if (!left._isKnown || !right._isKnown)
            return Unknown;
        if (left._terms is null && right._terms is null)
            return Fitting((Int128)left._constant * right._constant, null);
        var terms = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var fits = Gather(terms, left._terms, right._constant) && Gather(terms, right._terms, left._constant);
        foreach (var (first, factor) in left._terms ?? [])
        foreach (var (second, other) in right._terms ?? [])
            fits &= Gather(terms, new(StringComparer.Ordinal) { [Product(first, second)] = factor }, other);
        return fits ? Fitting((Int128)left._constant * right._constant, terms) : Unknown;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        if (!_isKnown)
            return "?";
        var parts = (_terms ?? []).Select(term =>
            Text(term.Key.Replace($"{Times}", " * ", StringComparison.Ordinal), term.Value)
        );
        if (_constant != 0 || _terms is null)
            parts = parts.Append(_constant.ToString(CultureInfo.InvariantCulture));
        return string.Join(" + ", parts);
    }

    private static string Text(string names, long factor) =>
        factor == 1 ? names : $"{factor.ToString(CultureInfo.InvariantCulture)} * {names}";

    private static Quantity Part(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Of(number) : Named(text);

    private static string Product(string first, string second) =>
        string.Join(Times, first.Split(Times).Concat(second.Split(Times)).Order(StringComparer.Ordinal));

    // Each term must be divisible by the one term of the divisor.
    private Quantity ExactQuotient(Quantity divisor)
    {
        if (IsSame(divisor))
            return Of(1);
        if (
            divisor._terms is { Count: > 1 }
            || (divisor._terms is not null && (divisor._constant != 0 || _constant != 0))
        )
            return Unknown;
        var term = divisor._terms?.First();
        var (names, factor) = (term?.Key ?? "", term?.Value ?? divisor._constant);
        if (_constant % factor != 0)
            return Unknown;
        var sum = Of(_constant / factor);
        foreach (var (own, ownFactor) in _terms ?? [])
            sum += ownFactor % factor == 0 ? Of(ownFactor / factor) * Without(own, names) : Unknown;
        return sum;
    }

    private static Quantity Without(string names, string divisor)
    {
        var left = names.Split(Times).ToList();
        var isPart = divisor.Length == 0 || divisor.Split(Times).All(left.Remove);
        return isPart ? left.Aggregate(Of(1), (product, name) => product * Named(name)) : Unknown;
    }

    private static bool Gather(SortedDictionary<string, long> terms, SortedDictionary<string, long>? more, long factor)
    {
        foreach (var (names, own) in more ?? [])
        {
            var sum = (Int128)terms.GetValueOrDefault(names) + ((Int128)own * factor);
            if (sum < long.MinValue || sum > long.MaxValue)
                return false;
            if (sum == 0)
                terms.Remove(names);
            else
                terms[names] = (long)sum;
        }

        return true;
    }

    // What no 64-bit number holds is not a size of any tensor.
    private static Quantity Fitting(Int128 constant, SortedDictionary<string, long>? terms) =>
        constant >= long.MinValue && constant <= long.MaxValue ? new Quantity((long)constant, terms) : Unknown;
}
