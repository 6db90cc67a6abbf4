using System.Collections.Immutable;
using System.Globalization;

namespace OnnxIntervene.CausalModels;

/// <summary>
/// A value of a causal model's variable: true or false, a number, a text, or a list of numbers. Values are equal when
/// kind and contents are. Immutable.
/// </summary>
public sealed class CausalValue : IEquatable<CausalValue>
{
    private readonly double _number;
    private readonly string? _text;
    private readonly ImmutableArray<float> _vector;

    private CausalValue(
        CausalValueKind kind,
        double number,
        string? text = null,
        ImmutableArray<float> vector = default
    )
    {
        (Kind, _number, _text, _vector) = (kind, number, text, vector);
    }

    /// <summary>True, as a value.</summary>
    public static CausalValue True { get; } = new(CausalValueKind.Truth, 1);

    /// <summary>False, as a value.</summary>
    public static CausalValue False { get; } = new(CausalValueKind.Truth, 0);

    /// <summary>False and true: what a variable that holds a truth can be.</summary>
    public static ImmutableArray<CausalValue> Truths { get; } = [False, True];

    /// <summary>What it is.</summary>
    public CausalValueKind Kind { get; }

    /// <summary>Whether it is true.</summary>
    /// <exception cref="InvalidOperationException">It is no truth.</exception>
    public bool IsTrue => _number == Of(CausalValueKind.Truth, 1);

    /// <summary>The number.</summary>
    /// <exception cref="InvalidOperationException">It is no number.</exception>
    public double Number => Of(CausalValueKind.Number, _number);

    /// <summary>The text.</summary>
    /// <exception cref="InvalidOperationException">It is no text.</exception>
    public string Text => Of(CausalValueKind.Text, _text)!;

    /// <summary>The list of numbers.</summary>
    /// <exception cref="InvalidOperationException">It is no such list.</exception>
    public ImmutableArray<float> Vector => Of(CausalValueKind.Vector, _vector);

    /// <summary>A truth.</summary>
    public static implicit operator CausalValue(bool truth) => FromTruth(truth);

    /// <summary>A number.</summary>
    public static implicit operator CausalValue(double number) => FromNumber(number);

    /// <summary>A text.</summary>
    public static implicit operator CausalValue(string text) => FromText(text);

    /// <summary>A list of numbers.</summary>
    public static implicit operator CausalValue(float[] vector) => FromVector(vector);

    /// <summary>A truth.</summary>
    public static CausalValue FromTruth(bool truth) => truth ? True : False;

    /// <summary>A number.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not finite.</exception>
    public static CausalValue FromNumber(double number) =>
        double.IsFinite(number)
            ? new(CausalValueKind.Number, number == 0 ? 0 : number)
            : throw new ArgumentOutOfRangeException(nameof(number), number, "A value is a finite number.");

    /// <summary>A text.</summary>
    public static CausalValue FromText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new(CausalValueKind.Text, 0, text);
    }

    /// <summary>A list of numbers, which is copied.</summary>
    public static CausalValue FromVector(IEnumerable<float> vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        return new(CausalValueKind.Vector, 0, null, [.. vector]);
    }

    /// <summary>The whole numbers from one to another, both among them.</summary>
    public static ImmutableArray<CausalValue> Range(int first, int last) =>
        [.. Enumerable.Range(first, Math.Max(0, last - first + 1)).Select(number => FromNumber(number))];

    /// <summary>
    /// The value as numbers: a truth is 1 or 0; null for a text, which has none (pyvene's <c>input_to_tensor</c>).
    /// </summary>
    public ImmutableArray<float>? ToFloats() =>
        Kind switch
        {
            CausalValueKind.Text => null,
            CausalValueKind.Vector => _vector,
            _ => [(float)_number],
        };

    /// <inheritdoc/>
    public bool Equals(CausalValue? other) =>
        other is not null
        && Kind == other.Kind
        && _number == other._number
        && _text == other._text
        && (_vector.IsDefault || _vector.AsSpan().SequenceEqual(other._vector.AsSpan()));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CausalValue);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Kind);
        hash.Add(_number);
        hash.Add(_text, StringComparer.Ordinal);
        foreach (var number in _vector.IsDefault ? [] : _vector)
            hash.Add(number);
        return hash.ToHashCode();
    }

    /// <summary>The value as JSON writes it, texts without quotes.</summary>
    public override string ToString() =>
        Kind switch
        {
            CausalValueKind.Truth => _number == 1 ? "true" : "false",
            CausalValueKind.Number => Show(_number),
            CausalValueKind.Text => _text!,
            _ => $"[{string.Join(", ", _vector.Select(number => number.ToString(CultureInfo.InvariantCulture)))}]",
        };

    private static string Show(double number) => number.ToString(CultureInfo.InvariantCulture);

    private T Of<T>(CausalValueKind kind, T contents) =>
        Kind == kind
            ? contents
            : throw new InvalidOperationException(
                $"{this} is a {Kind.ToString().ToLowerInvariant()}, not a {kind.ToString().ToLowerInvariant()}."
            );
}
