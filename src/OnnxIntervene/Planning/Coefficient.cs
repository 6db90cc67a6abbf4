using System.Collections.Immutable;

namespace OnnxIntervene.Planning;

/// <summary>
/// What a source is multiplied by before it is added or subtracted: one number, or one for each example.
/// </summary>
public readonly record struct Coefficient
{
    private readonly ImmutableArray<float> _rows;

    private Coefficient(ImmutableArray<float> rows) => _rows = rows;

    /// <summary>The coefficient that changes nothing.</summary>
    public static Coefficient One => new([1f]);

    /// <summary>The same for every example.</summary>
    public static Coefficient Of(float number) => new([number]);

    /// <summary>One for each example.</summary>
    public static Coefficient PerExample(params ReadOnlySpan<float> numbers) => new([.. numbers]);

    internal int Count => _rows.IsDefault ? 1 : _rows.Length;

    /// <summary>Whether it changes nothing, for any example.</summary>
    internal bool IsOne => _rows.IsDefault || _rows.All(number => number == 1);

    internal bool IsFinite => _rows.IsDefault || _rows.All(float.IsFinite);

    internal float At(int example) => _rows.IsDefault ? 1 : _rows[_rows.Length == 1 ? 0 : example];
}
