using System.Globalization;
using OnnxIntervene.IR;

namespace OnnxIntervene.Studies.Paths;

/// <summary>
/// A component that receives: <c>head_query_output</c> of a head in a layer, <c>mlp_input</c> of a layer.
/// </summary>
/// <param name="Component">The component.</param>
/// <param name="Layer">The layer.</param>
/// <param name="Head">The head; null for all of them, or for a component without heads.</param>
public sealed record PathReceiver(string Component, int Layer, int? Head = null)
{
    /// <summary>Reads <c>head_query_output.9.6</c> (component, layer, head) or <c>mlp_input.3</c>.</summary>
    /// <exception cref="InterventionException">The text is not a receiver.</exception>
    public static PathReceiver Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split('.');
        return parts switch
        {
            [var name, var layer] when Number(layer) is { } at => new PathReceiver(name, at),
            [var name, var layer, var head] when Number(layer) is { } at && Number(head) is { } number =>
                new PathReceiver(name, at, number),
            _ => throw new InterventionException(
                $"'{text}' is not a receiver. Write component, layer and head: head_query_output.9.6, or mlp_input.3."
            ),
        };
    }

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Component}.{Layer}{(Head is null ? "" : $".{Head}")}");

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
