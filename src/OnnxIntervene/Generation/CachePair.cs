using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Generation;

/// <summary>
/// An input that holds what earlier tokens left, and the output that holds the same with the new tokens (optimum's and
/// onnxruntime-genai's <c>past_key_values.N.key</c> and <c>present.N.key</c>).
/// </summary>
/// <param name="Past">The input, <c>[batch, key/value heads, past, head width]</c>.</param>
/// <param name="Present">The output.</param>
internal sealed record CachePair(string Past, string Present)
{
    /// <summary>What the outputs' names begin with.</summary>
    public const string PresentPrefix = "present.";

    private const string SharingOperator = "GroupQueryAttention";
    private const int SharingPastInput = 3;
    private const int SharingPresentOutput = 1;

    /// <summary>The cache of a model; empty where it has none, or where an input has no output.</summary>
    public static ImmutableArray<CachePair> Of(Graph graph)
    {
        var outputs = graph.Outputs.Select(output => output.Name).ToHashSet(StringComparer.Ordinal);
        ImmutableArray<CachePair> pairs =
        [
            .. graph
                .Inputs.Where(input => input.Name.StartsWith(InputFiller.PastPrefix, StringComparison.Ordinal))
                .Select(input => new CachePair(
                    input.Name,
                    PresentPrefix + input.Name[InputFiller.PastPrefix.Length..]
                )),
        ];
        return pairs.All(pair => outputs.Contains(pair.Present)) ? pairs : [];
    }

    /// <summary>The input; null where a graph has none of its name.</summary>
    public Value? InputIn(Graph graph) => graph.Inputs.FirstOrDefault(input => input.Name == Past);

    /// <summary>The output; null where a graph has none of its name.</summary>
    public Value? OutputIn(Graph graph) => graph.Outputs.FirstOrDefault(output => output.Name == Present);

    /// <summary>
    /// Whether past and present may be the same memory: an operator that writes the new tokens behind those that the
    /// mask counts reads the one and writes the other, and nothing else does.
    /// </summary>
    public bool IsShareable(Graph graph)
    {
        var present = OutputIn(graph);
        return InputIn(graph)?.Uses
                is [{ Node: { } node, InputIndex: var index and (SharingPastInput or SharingPastInput + 1) }]
            && node.Operator.OperatorType == SharingOperator
            && present is not null
            && node.Outputs.ElementAtOrDefault(index - SharingPastInput + SharingPresentOutput) == present;
    }
}
