using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Components.Structure;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Checking.Laws;

/// <summary>
/// Naming: whatever adds something computed from the stream to the stream is in a layer, and so is every attention and
/// what stands between two layers; or the map says why it is not.
/// </summary>
internal static class NamingLaws
{
    private const string Law = "no layer is left unnamed";

    /// <summary>The law before the first layer of a stack, and after each.</summary>
    public static IEnumerable<LawFinding> Of(LawContext context, ComponentMap map, Graph graph)
    {
        var spans = new LayerSpans(map);
        var outside = AttentionCore.All(graph).Select(core => core.Node).Where(node => !spans.Contains(node)).ToList();
        if (context.Find(0, ComponentNames.BlockInput) is { } first)
            yield return Found(map, first, Before(first, spans), AttentionBefore(first, outside));
        for (var layer = 0; layer < context.LayerCount; layer++)
        {
            if (context.Find(layer, ComponentNames.BlockOutput) is not { } stream)
                continue;
            var next = context.Find(layer + 1, ComponentNames.BlockInput);
            yield return Found(
                map,
                stream,
                After(stream, spans),
                AttentionAfter(stream, next, outside) ?? (next is null ? null : ProductBetween(stream, next))
            );
        }
    }

    private static LawFinding Found(ComponentMap map, Component stream, Node? adding, Node? outside)
    {
        if (SourcePlaces.OfStream(stream).Count == 0)
            return LawContext.Finding(Law, [stream], LawOutcome.Untested, "the stream is in no tensor of the graph");
        if (adding is null && outside is null)
            return LawContext.Finding(Law, [stream], LawOutcome.Proved, "");
        if (!map.LeftOut.IsEmpty)
            return LawContext.Finding(Law, [stream], LawOutcome.Untested, $"left out: {map.LeftOut[0]}");
        return LawContext.Finding(
            Law,
            [stream],
            LawOutcome.Contradicted,
            adding is null ? $"{outside} is outside every layer" : $"{adding} adds to the stream outside every layer"
        );
    }

    private static Node? AttentionBefore(Component first, List<Node> outside)
    {
        var values = SourcePlaces.OfStream(first);
        return outside.Find(node => Dataflow.ComputedFrom([node.Output]).Overlaps(values));
    }

    // Computed from a layer's stream, and not from the next layer's.
    private static Node? AttentionAfter(Component stream, Component? next, List<Node> outside)
    {
        if (outside.Count == 0)
            return null;
        var computed = Dataflow.ComputedFrom(SourcePlaces.OfStream(stream));
        HashSet<Value> later = next is null ? [] : Dataflow.ComputedFrom(SourcePlaces.OfStream(next));
        return outside.Find(node => computed.Contains(node.Output) && !later.Contains(node.Output));
    }

    // A layer reads the stream that the layer before it outputs, arranged in another way at most.
    private static Node? ProductBetween(Component stream, Component next)
    {
        var (ends, starts) = (SourcePlaces.OfStream(stream), SourcePlaces.OfStream(next));
        if (ends.Overlaps(starts))
            return null;
        var types = new TypeInference();
        return starts
            .Concat(Dataflow.Before(starts, ends))
            .Where(value => !ends.Contains(value))
            .Select(value => value.Producer)
            .OfType<Node>()
            .FirstOrDefault(node => RecurrentOperators.Is(node) || MatrixWidths.Of(node, types) is not null);
    }

    // A sum of the stream and of something computed from it, in no layer.
    private static Node? After(Component stream, LayerSpans spans)
    {
        var values = SourcePlaces.OfStream(stream);
        var computed = Dataflow.ComputedFrom(values);
        return computed
            .Select(value => value.Producer!)
            .Distinct()
            .FirstOrDefault(node => IsSumOf(node, values, computed) && !spans.Contains(node));
    }

    private static bool IsSumOf(Node node, HashSet<Value> values, HashSet<Value> computed)
    {
        var addends = LayerSpans.Addends(node);
        return addends.Length > 1
            && addends.Any(IsStream)
            && addends.Any(other => !IsStream(other) && computed.Contains(other));

        bool IsStream(Value value) => values.Any(stream => Dataflow.IsOrScales(value, stream));
    }

    // The stream before the first layer, perhaps normed, is itself such a sum.
    private static Node? Before(Component stream, LayerSpans spans)
    {
        foreach (var value in SourcePlaces.OfStream(stream))
        {
            var sum = BeforeGuards(Dataflow.FlatRoot(Norms.InputOf(value) ?? value)).Producer;
            if (
                sum is not null
                && LayerSpans.Addends(sum) is { Length: > 1 } terms
                && terms.Any(term => terms.Any(other => other != term && IsComputedFrom(term, other)))
                && !spans.Contains(sum)
            )
                return sum;
        }

        return null;
    }

    // A clip, a mask or a scale after the sum.
    private static Value BeforeGuards(Value value)
    {
        for (var depth = 0; depth < Dataflow.LongestChain && value.Producer is { } producer; depth++)
        {
            var input = producer.Operator.OperatorType switch
            {
                "Clip" => producer.InputOrNull(0),
                "Where" => producer.Inputs.Skip(1).FirstOrDefault(other => !GraphConstants.IsConstant(other!)),
                _ => Dataflow.ScaledInput(producer) is { } scaled ? producer.Inputs[scaled] : null,
            };
            if (input is null)
                return value;
            value = Dataflow.FlatRoot(input);
        }

        return value;
    }

    // A fused operator outputs a sum, and the norm of it that a sub-layer reads.
    private static bool IsComputedFrom(Value value, Value other)
    {
        var root = Dataflow.FlatRoot(other);
        HashSet<Value> start = FusedOperators.IsResidualSum(root)
            ? [.. root.Producer!.Outputs.OfType<Value>()]
            : [root];
        return Dataflow.ComputedFrom(start).Contains(value);
    }
}
