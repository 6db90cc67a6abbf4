using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Components.Structure;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Checking.Laws;

/// <summary>
/// Naming: whatever adds something computed from the stream to the stream is in a layer, or the map says why it is not.
/// </summary>
internal static class NamingLaws
{
    private const string Law = "no layer is left unnamed";

    /// <summary>The law before the first layer of a stack, and after each.</summary>
    public static IEnumerable<LawFinding> Of(LawContext context, ComponentMap map)
    {
        var spans = new LayerSpans(map);
        if (context.Find(0, ComponentNames.BlockInput) is { } first)
            yield return Found(map, first, Before(first, spans));
        for (var layer = 0; layer < context.LayerCount; layer++)
        {
            if (context.Find(layer, ComponentNames.BlockOutput) is { } stream)
                yield return Found(map, stream, After(stream, spans));
        }
    }

    private static LawFinding Found(ComponentMap map, Component stream, Node? unnamed)
    {
        if (SourcePlaces.OfStream(stream).Count == 0)
            return LawContext.Finding(Law, [stream], LawOutcome.Untested, "the stream is in no tensor of the graph");
        return unnamed is null ? LawContext.Finding(Law, [stream], LawOutcome.Proved, "")
            : map.LeftOut.IsEmpty
                ? LawContext.Finding(
                    Law,
                    [stream],
                    LawOutcome.Contradicted,
                    $"{unnamed} adds to the stream outside every layer"
                )
            : LawContext.Finding(Law, [stream], LawOutcome.Untested, $"left out: {map.LeftOut[0]}");
    }

    // A sum of the stream and of something computed from it, in no layer.
    private static Node? After(Component stream, LayerSpans spans)
    {
        var values = SourcePlaces.OfStream(stream);
        var computed = LayerSpans.ComputedFrom(values);
        return computed
            .Select(value => value.Producer!)
            .Distinct()
            .FirstOrDefault(node => IsSumOf(node, values, computed) && !spans.Contains(node));
    }

    private static bool IsSumOf(Node node, HashSet<Value> values, HashSet<Value> computed)
    {
        if (LayerSpans.Addends(node) is not [var one, var other])
            return false;
        return IsStream(one) ? !IsStream(other) && computed.Contains(other) : IsStream(other) && computed.Contains(one);

        bool IsStream(Value value) => values.Any(stream => Dataflow.IsOrScales(value, stream));
    }

    // The stream before the first layer, perhaps normed, is itself such a sum.
    private static Node? Before(Component stream, LayerSpans spans)
    {
        foreach (var value in SourcePlaces.OfStream(stream))
        {
            var sum = Dataflow.FlatRoot(Norms.InputOf(value) ?? value).Producer;
            if (
                sum is not null
                && LayerSpans.Addends(sum) is [var one, var other]
                && (IsComputedFrom(one, other) || IsComputedFrom(other, one))
                && !spans.Contains(sum)
            )
                return sum;
        }

        return null;
    }

    // A fused operator outputs a sum, and the norm of it that a sub-layer reads.
    private static bool IsComputedFrom(Value value, Value other)
    {
        var root = Dataflow.FlatRoot(other);
        HashSet<Value> start = FusedOperators.IsResidualSum(root)
            ? [.. root.Producer!.Outputs.OfType<Value>()]
            : [root];
        return LayerSpans.ComputedFrom(start).Contains(value);
    }
}
