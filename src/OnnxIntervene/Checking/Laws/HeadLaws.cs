using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Components.Structure;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Checking.Laws;

/// <summary>
/// Heads: rows of the probabilities sum to one, and probabilities times values are what the heads output. Each key head
/// serves a group of query heads (Ainslie et al., "GQA", 2023).
/// </summary>
internal static class HeadLaws
{
    private const int MostSteps = 32;

    /// <summary>The laws of one layer.</summary>
    public static IEnumerable<LawFinding> Of(LawContext context, int layer)
    {
        foreach (var prefix in new[] { "", ComponentNames.CrossPrefix })
        {
            foreach (var finding in Weights(context, layer, prefix))
                yield return finding;
        }

        foreach (var heads in context.Components.Values.Where(item => item.Heads > 0))
        {
            if (
                heads.Address.Layer == layer
                && heads.Address.Stack == context.Stack
                && heads.Layout == ComponentLayout.HeadsInWidth
                && context.Find(layer, WholeOf(heads.Address.Name)) is { } whole
            )
                yield return Slices(context, heads, whole);
        }
    }

    // head_key_output of key_output, and cross_head_key_output of cross_key_output.
    private static string WholeOf(string name) => name.Replace(ComponentNames.HeadPrefix, "", StringComparison.Ordinal);

    private static IEnumerable<LawFinding> Weights(LawContext context, int layer, string prefix)
    {
        if (context.Find(layer, prefix + ComponentNames.AttentionWeight) is not { } weights)
            yield break;
        var numbers = context.Base[weights.Address];
        if (numbers.Shape is not [_, var heads, _, var keys])
            yield break;
        yield return RowsSumToOne(context, weights, numbers, keys);
        if (
            context.Find(layer, prefix + ComponentNames.ValueOutput) is { } value
            && context.Find(layer, prefix + ComponentNames.AttentionValueOutput) is { } mixed
            && context.Base[value.Address].Shape[1] == keys
        )
            yield return GateAfter(weights, mixed) is { } gate
                ? LawContext.Finding(
                    LawOf(weights, value, mixed),
                    [weights, value, mixed],
                    LawOutcome.Untested,
                    $"a gate lies between: {gate}"
                )
                : Mixed(context, weights, value, mixed, heads);
    }

    private static string LawOf(Component weights, Component value, Component mixed) =>
        $"{weights.Address.Name} times {value.Address.Name} is {mixed.Address.Name}";

    // What multiplies the mixed values before they are the component: a computed gate for each channel (Qwen3-Next), or
    // a weight for each head (NormFormer).
    private static Node? GateAfter(Component weights, Component mixed)
    {
        var open = new Queue<(Value Value, Node? Gate)>(
            SourcePlaces.Values(mixed.Source).Select(value => (value, (Node?)null))
        );
        for (var steps = 0; steps < MostSteps && open.TryDequeue(out var at); steps++)
        {
            if (at.Value.Producer is not { } producer)
                continue;
            if (IsMixing(producer, weights))
                return at.Gate;
            var isGate = producer.Operator.OperatorType == "Mul";
            var inputs = isGate ? producer.Inputs : producer.Inputs.Take(Rearranges(producer) ? 1 : 0);
            foreach (var input in inputs.OfType<Value>().Where(input => !GraphConstants.IsConstant(input)))
                open.Enqueue((input, isGate ? producer : at.Gate));
        }

        return null;
    }

    private static bool IsMixing(Node node, Component weights) =>
        node == (weights.Source as AttentionProbabilitySource)?.Node
        || (
            AttentionFinder.IsProduct(node)
            && node.InputOrNull(0) is { } left
            && SourcePlaces.Values(weights.Source).Any(value => Dataflow.FlatRoot(left) == Dataflow.FlatRoot(value))
        );

    private static bool Rearranges(Node node) => Dataflow.IsTransparent(node) || Dataflow.IsArrangement(node);

    // [batch, head, position, width] against [batch, position, heads × width].
    private static LawFinding Slices(LawContext context, Component heads, Component whole)
    {
        var (split, flat) = (context.Base[heads.Address], context.Base[whole.Address]);
        var law = $"{heads.Address.Name} are slices of {whole.Address.Name}";
        if (split.Length != flat.Length || split.Shape is not [_, var count, var positions, var width])
            return LawContext.Finding(law, [heads, whole], LawOutcome.Contradicted, $"{split} is not {flat}");
        var joined = new float[flat.Length];
        for (var index = 0; index < joined.Length; index++)
        {
            var (rest, within) = Math.DivRem(index, width);
            (rest, var head) = Math.DivRem(rest, count);
            var (example, position) = Math.DivRem(rest, positions);
            joined[index] = split.Floats[((((example * count) + head) * positions) + position) * width + within];
        }

        return context.Equal(law, [heads, whole], joined, flat.Floats, new float[joined.Length]);
    }

    private static LawFinding RowsSumToOne(LawContext context, Component weights, NumericArray numbers, int keys)
    {
        var furthest = 0.0;
        for (var start = 0; start < numbers.Length; start += keys)
        {
            var sum = 0.0;
            foreach (var number in numbers.Floats.Slice(start, keys))
                sum += number;
            furthest = Math.Max(furthest, Math.Abs(sum - 1));
        }

        var law = $"rows of {weights.Address.Name} sum to one";
        return furthest <= context.Spread
            ? LawContext.Finding(law, [weights], LawOutcome.Proved, "")
            : LawContext.Finding(law, [weights], LawOutcome.Contradicted, $"a row's sum is {furthest:G3} off");
    }

    private static LawFinding Mixed(LawContext context, Component weights, Component value, Component mixed, int heads)
    {
        var law = LawOf(weights, value, mixed);
        var (found, values) = (context.Base[mixed.Address], context.Base[value.Address]);
        var width = found.Shape[2] / heads;
        if (found.Shape[2] % heads != 0 || values.Shape[2] % width != 0 || heads % (values.Shape[2] / width) != 0)
            return LawContext.Finding(
                law,
                [weights, value, mixed],
                LawOutcome.Untested,
                $"{heads} heads do not divide the widths {found.Shape[2]} and {values.Shape[2]}"
            );
        return context.Equal(
            law,
            [weights, value, mixed],
            found.Floats,
            Product(context.Base[weights.Address], values, heads, width),
            new float[found.Length]
        );
    }

    // [batch, head, query, key] times [batch, key, key heads × width], as [batch, query, heads × width].
    private static float[] Product(NumericArray weights, NumericArray values, int heads, int width)
    {
        var (batch, queries, keys) = (weights.Shape[0], weights.Shape[2], weights.Shape[3]);
        var (row, shared) = (values.Shape[2], heads / (values.Shape[2] / width));
        var product = new float[batch * queries * heads * width];
        for (var place = 0; place < product.Length; place++)
        {
            var (rest, within) = Math.DivRem(place, width);
            (rest, var head) = Math.DivRem(rest, heads);
            var (example, query) = Math.DivRem(rest, queries);
            var probabilities = weights.Floats.Slice(((((example * heads) + head) * queries) + query) * keys, keys);
            var first = (example * keys * row) + (head / shared * width) + within;
            var sum = 0.0;
            for (var key = 0; key < keys; key++)
                sum += probabilities[key] * values.Floats[first + (key * row)];
            product[place] = (float)sum;
        }

        return product;
    }
}
