using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Checking.Laws;

/// <summary>
/// Heads: rows of the probabilities sum to one, and probabilities times values are what the heads output. Each key head
/// serves a group of query heads (Ainslie et al., "GQA", 2023).
/// </summary>
internal static class HeadLaws
{
    /// <summary>The laws of one layer.</summary>
    public static IEnumerable<LawFinding> Of(LawContext context, int layer)
    {
        if (context.Find(layer, ComponentNames.AttentionWeight) is not { } weights)
            yield break;
        var numbers = context.Base[weights.Address];
        if (numbers.Shape is not [_, var heads, _, var keys])
            yield break;
        yield return RowsSumToOne(context, weights, numbers, keys);
        if (
            context.Find(layer, ComponentNames.ValueOutput) is { } value
            && context.Find(layer, ComponentNames.AttentionValueOutput) is { } mixed
            && context.Base[value.Address].Shape[1] == keys
        )
            yield return Mixed(context, weights, value, mixed, heads);
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

        const string Law = "rows of attention_weight sum to one";
        return furthest <= 10 * context.Tolerance
            ? LawContext.Finding(Law, [weights], LawOutcome.Proved, "")
            : LawContext.Finding(Law, [weights], LawOutcome.Contradicted, $"a row's sum is {furthest:G3} off");
    }

    private static LawFinding Mixed(LawContext context, Component weights, Component value, Component mixed, int heads)
    {
        const string Law = "attention_weight times value_output is attention_value_output";
        var (found, values) = (context.Base[mixed.Address], context.Base[value.Address]);
        var width = found.Shape[2] / heads;
        if (found.Shape[2] % heads != 0 || values.Shape[2] % width != 0 || heads % (values.Shape[2] / width) != 0)
            return LawContext.Finding(
                Law,
                [weights, value, mixed],
                LawOutcome.Untested,
                $"{heads} heads do not divide the widths {found.Shape[2]} and {values.Shape[2]}"
            );
        return context.Equal(
            Law,
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
