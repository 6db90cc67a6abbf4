using OnnxIntervene.Checking.Runs;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Checking.Laws;

/// <summary>
/// What a matrix computes is affine in what it reads: f(x + a) + f(x + b) = f(x) + f(x + a + b). A tensor before an
/// activation, a norm or a softmax is not. Here a is the difference to the source in the first half of the width, and b
/// in the second: in heads that is also that each moves what is computed by its own share.
/// </summary>
internal static class AffineLaws
{
    private static readonly (string Read, string Computed)[] s_pairs =
    [
        (ComponentNames.AttentionInput, ComponentNames.QueryOutput),
        (ComponentNames.AttentionInput, ComponentNames.KeyOutput),
        (ComponentNames.AttentionInput, ComponentNames.ValueOutput),
        (ComponentNames.AttentionValueOutput, ComponentNames.AttentionOutput),
        (ComponentNames.ValueOutput, ComponentNames.AttentionValueOutput),
        (ComponentNames.MlpActivation, ComponentNames.MlpOutput),
    ];

    /// <summary>The laws of one layer.</summary>
    public static IEnumerable<LawFinding> Of(
        LawContext context,
        int layer,
        Func<Component, Component, string?> obstacle
    )
    {
        foreach (var group in context.Pairs(layer, s_pairs))
        {
            var read = group.Key;
            var (first, second, both) = (Part(context, read, 0), Part(context, read, 1), context.Swapped(read));
            foreach (var item in group)
            {
                var finding = Affine(context, read, item, first, second, both);
                yield return finding.Outcome == LawOutcome.Contradicted && obstacle(read, item) is { } reason
                    ? finding with
                    {
                        Outcome = LawOutcome.Untested,
                        Explanation = reason,
                    }
                    : finding;
            }
        }
    }

    private static string Law(Component read, Component computed) =>
        $"{computed.Address.Name} is affine in {read.Address.Name}";

    private static LawFinding Affine(
        LawContext context,
        Component read,
        Component computed,
        Snapshot first,
        Snapshot second,
        Snapshot both
    )
    {
        var origin = context.Base[computed.Address].Floats;
        var one = first[computed.Address].Floats;
        var other = second[computed.Address].Floats;
        var expected = new float[origin.Length];
        for (var index = 0; index < expected.Length; index++)
            expected[index] = one[index] + other[index] - origin[index];
        return context.Equal(Law(read, computed), [read, computed], both[computed.Address].Floats, expected, origin);
    }

    // The base with one half of the width from the source.
    private static Snapshot Part(LawContext context, Component read, int half)
    {
        var (values, source) = (context.Base[read.Address].Floats.ToArray(), context.Source[read.Address]);
        var width = source.Shape[^1];
        for (var index = 0; index < values.Length; index++)
        {
            if (index % width / ((width + 1) / 2) == half)
                values[index] = source.Floats[index];
        }

        return context.Written(read, NumericArray.Of(values, source.Shape.AsSpan()));
    }
}
