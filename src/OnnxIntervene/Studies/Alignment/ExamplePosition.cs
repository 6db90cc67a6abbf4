using System.Globalization;
using OnnxIntervene.IR;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>A position that every example has: by its number, or by a name that examples give positions.</summary>
/// <param name="Number">The number; from the end where it is negative. Null for a name.</param>
/// <param name="Name">The name; the last of its positions is meant. Null for a number.</param>
public sealed record ExamplePosition(int? Number, string? Name)
{
    private const string LastName = "last";

    /// <summary>The last position.</summary>
    public static ExamplePosition Last { get; } = At(-1);

    /// <summary>A position by its number, from the end where it is negative.</summary>
    public static ExamplePosition At(int number) => new(number, null);

    /// <summary>A position by its name.</summary>
    public static ExamplePosition Named(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return new(null, name);
    }

    /// <summary>A number, or a name; <c>last</c> is the last position where examples give no other that name.</summary>
    public static ExamplePosition Parse(string text)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(text);
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? At(number)
            : Named(text.Trim());
    }

    /// <summary>Its number in an input, from the start.</summary>
    /// <exception cref="InterventionException">The input has no such position.</exception>
    internal int In(InterchangeInput input) =>
        Find(input)
        ?? throw new InterventionException(
            Given(input) is { } position
                ? $"There is no position {position}; there are 0 to {input.Inputs.Length - 1}."
                : $"There is no position named '{Name}'. There are: "
                    + $"{string.Join(", ", input.Positions.Keys.Append(LastName).Distinct())}."
        );

    /// <summary>The same; null where the input has no such position.</summary>
    internal int? Find(InterchangeInput input)
    {
        var length = input.Inputs.Length;
        var counted = Given(input) is < 0 and var back ? back + length : Given(input);
        return counted >= 0 && counted < length ? counted : null;
    }

    /// <inheritdoc/>
    public override string ToString() => Name ?? Number!.Value.ToString(CultureInfo.InvariantCulture);

    // From the end where it is negative; null for a name that the input does not give.
    private int? Given(InterchangeInput input) =>
        Number is { } number ? number
        : input.Positions.TryGetValue(Name!, out var positions) && !positions.IsEmpty ? positions[^1]
        : Name == LastName ? -1
        : null;
}
