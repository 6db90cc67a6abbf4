using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Components;
using OnnxIntervene.IR;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>
/// The inputs and outputs of a model's cache, a key and a value for each layer, <c>[batch, head, position, width]</c>:
/// <c>past_key_values.0.key</c> and <c>present.0.key</c>, as optimum and onnxruntime-genai name them.
/// </summary>
/// <param name="LayerCount">How many layers there are.</param>
internal sealed record CacheNames(int LayerCount)
{
    private const string Past = "past_key_values.";
    private const int Axes = 4;

    /// <summary>The names of a model's cache; null where it has none for every layer.</summary>
    public static CacheNames? Of(ComponentMap components)
    {
        var names = new CacheNames(components.LayerCount);
        var graph = components.Model.Graph;
        var inputs = graph.Inputs.Where(HasFourAxes).Select(value => value.Name).ToHashSet(StringComparer.Ordinal);
        var outputs = graph.Outputs.Select(value => value.Name).ToHashSet(StringComparer.Ordinal);
        var all = Enumerable.Range(0, names.LayerCount).SelectMany(layer => new[] { (layer, true), (layer, false) });
        return
            names.LayerCount > 0
            && inputs.Count(name => name.StartsWith(Past, StringComparison.Ordinal)) == 2 * names.LayerCount
            && all.All(item =>
                inputs.Contains(PastOf(item.layer, item.Item2)) && outputs.Contains(PresentOf(item.layer, item.Item2))
            )
            ? names
            : null;
    }

    /// <summary>The outputs that a layer adds its keys and values to.</summary>
    public static ImmutableArray<string> Presents(int layer) => [PresentOf(layer, true), PresentOf(layer, false)];

    /// <summary>The layer that a cache input belongs to, and whether it holds keys; null for another input.</summary>
    public static (int Layer, bool IsKey)? Find(string input)
    {
        if (!input.StartsWith(Past, StringComparison.Ordinal))
            return null;
        var parts = input[Past.Length..].Split('.');
        return
            parts is [var layer, "key" or "value"] && int.TryParse(layer, CultureInfo.InvariantCulture, out var number)
            ? (number, parts[1] == "key")
            : null;
    }

    private static string PastOf(int layer, bool isKey) =>
        string.Create(CultureInfo.InvariantCulture, $"{Past}{layer}.{(isKey ? "key" : "value")}");

    private static string PresentOf(int layer, bool isKey) =>
        string.Create(CultureInfo.InvariantCulture, $"present.{layer}.{(isKey ? "key" : "value")}");

    private static bool HasFourAxes(Value input) => input.Type?.Shape?.Rank == Axes;
}
