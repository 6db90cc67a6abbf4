using System.Globalization;
using OnnxIntervene.IR;

namespace OnnxIntervene.Studies.Patterns;

/// <summary>An attention head, written as <c>5.1</c>: head 1 of layer 5, both counted from 0.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Head">The head.</param>
public readonly record struct HeadAddress(int Layer, int Head)
{
    /// <summary>Reads <c>LAYER.HEAD</c>.</summary>
    /// <exception cref="InterventionException">The text is none.</exception>
    public static HeadAddress Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return
            text.Split('.') is [var layer, var head] && IsNumber(layer, out var first) && IsNumber(head, out var second)
            ? new HeadAddress(first, second)
            : throw new InterventionException($"'{text}' is not a head. Write LAYER.HEAD, such as 3.1.");
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Layer}.{Head}");

    private static bool IsNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
