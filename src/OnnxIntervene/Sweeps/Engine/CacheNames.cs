using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Components;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>
/// The inputs and outputs of a model's cache, a key and a value for each layer, <c>[batch, head, position, width]</c>:
/// <c>past_key_values.0.key</c> and <c>present.0.key</c>, as optimum and onnxruntime-genai name them.
/// </summary>
internal static class CacheNames
{
    private const int Axes = 4;

    /// <summary>Whether a model has a cache of every layer, and of nothing else.</summary>
    public static bool AreIn(ComponentMap components)
    {
        var (count, graph) = (components.LayerCount, components.Model.Graph);
        var inputs = graph.Inputs.Where(HasFourAxes).Select(value => value.Name).ToHashSet(StringComparer.Ordinal);
        var outputs = graph.Outputs.Select(value => value.Name).ToHashSet(StringComparer.Ordinal);
        var layers = Enumerable.Range(0, count);
        return count > 0
            && inputs.Count(name => name.StartsWith(InputFiller.PastPrefix, StringComparison.Ordinal)) == 2 * count
            && layers.All(layer => Pasts(layer).All(inputs.Contains) && Presents(layer).All(outputs.Contains));
    }

    /// <summary>The outputs that a layer adds its keys and values to.</summary>
    public static ImmutableArray<string> Presents(int layer) => Both("present.", layer);

    /// <summary>The layer that a cache input belongs to, and whether it holds keys; null for another input.</summary>
    public static (int Layer, bool IsKey)? Find(string input)
    {
        if (!input.StartsWith(InputFiller.PastPrefix, StringComparison.Ordinal))
            return null;
        var parts = input[InputFiller.PastPrefix.Length..].Split('.');
        return
            parts is [var layer, "key" or "value"] && int.TryParse(layer, CultureInfo.InvariantCulture, out var number)
            ? (number, parts[1] == "key")
            : null;
    }

    private static ImmutableArray<string> Pasts(int layer) => Both(InputFiller.PastPrefix, layer);

    private static ImmutableArray<string> Both(string prefix, int layer) =>
        [
            string.Create(CultureInfo.InvariantCulture, $"{prefix}{layer}.key"),
            string.Create(CultureInfo.InvariantCulture, $"{prefix}{layer}.value"),
        ];

    private static bool HasFourAxes(Value input) => input.Type?.Shape?.Rank == Axes;
}
