using System.Collections.Immutable;
using OnnxIntervene.Checking.Runs;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Checking.Laws;

/// <summary>
/// Sums: a layer's stream grows by what its sub-layers add, in any run; without what they add it stays as it was. What
/// constants scale on the way is scaled. Where outputs include the stream, the last of them is the layer's.
/// </summary>
internal static class SumLaws
{
    private const StringComparison Ordinal = StringComparison.Ordinal;

    private static readonly string[] s_added =
    [
        ComponentNames.AttentionOutput,
        ComponentNames.CrossPrefix + ComponentNames.AttentionOutput,
        ComponentNames.MlpOutput,
        "mixer_output",
    ];

    private static readonly string[] s_read = [ComponentNames.AttentionInput, ComponentNames.MlpInput, "mixer_input"];

    /// <summary>The laws of one layer.</summary>
    public static IEnumerable<LawFinding> Of(LawContext context, int layer)
    {
        if (
            context.Find(layer, ComponentNames.BlockInput) is not { } before
            || context.Find(layer, ComponentNames.BlockOutput) is not { } after
        )
            yield break;
        ImmutableArray<Component> added = [.. s_added.Select(name => context.Find(layer, name)).OfType<Component>()];
        if (added.IsEmpty)
            yield break;
        foreach (var finding in Found(context, layer, before, after, added))
            yield return finding.Outcome == LawOutcome.Contradicted
            && Additions.Between(before, after) is { } count
            && count > added.Length
                ? finding with
                {
                    Outcome = LawOutcome.Untested,
                    Explanation = $"the layer adds {count} times to the stream, {added.Length} of which are components",
                }
                : finding;
    }

    private static IEnumerable<LawFinding> Found(
        LawContext context,
        int layer,
        Component before,
        Component after,
        ImmutableArray<Component> added
    )
    {
        yield return Sum(context, "the stream grows by what is added", context.Base, before, after, added);
        foreach (var read in s_read.Select(name => context.Find(layer, name)).OfType<Component>())
            yield return Sum(
                context,
                $"the stream grows by what is added, whatever {read.Address.Name} is",
                context.Swapped(read),
                before,
                after,
                added,
                read
            );
        if (context.Find(layer, ComponentNames.ResidMid) is { } middle)
            yield return Sum(
                context,
                "the stream between is what attention adds",
                context.Base,
                before,
                middle,
                [.. added.Where(item => item.Address.Name.EndsWith(ComponentNames.AttentionOutput, Ordinal))]
            );
        yield return Silenced(context, before, after, added);
    }

    private static LawFinding Sum(
        LawContext context,
        string law,
        Snapshot run,
        Component before,
        Component after,
        ImmutableArray<Component> added,
        params ReadOnlySpan<Component> read
    )
    {
        var sum = StreamSum.Of(before, after, added);
        return Explained(
            sum,
            context.Equal(
                law,
                [after, before, .. added, .. read],
                run[after.Address].Floats,
                sum.In(run),
                run[before.Address].Floats
            )
        );
    }

    private static LawFinding Explained(StreamSum sum, LawFinding finding) =>
        finding.Outcome == LawOutcome.Contradicted && sum.Obstacle is { } node
            ? finding with
            {
                Outcome = LawOutcome.Untested,
                Explanation = $"{node} lies between what is added and the stream",
            }
            : finding;

    private static LawFinding Silenced(
        LawContext context,
        Component before,
        Component after,
        ImmutableArray<Component> added
    )
    {
        var changes = added
            .Select(part =>
            {
                var shape = context.Base[part.Address].Shape;
                return new Change(part.Address, Zeros(shape.AsSpan()));
            })
            .ToArray();
        var run = context.Probe.Run(context.Inputs.Base, changes);
        var sum = StreamSum.Of(before, after, added);
        return Explained(
            sum,
            context.Equal(
                "without what is added the stream stays",
                [after, before, .. added],
                run[after.Address].Floats,
                sum.In(context.Base, added.AsSpan()),
                context.Base[after.Address].Floats
            )
        );
    }

    private static NumericArray Zeros(ReadOnlySpan<int> shape)
    {
        var count = 1;
        foreach (var size in shape)
            count *= size;
        return NumericArray.Of(new float[count], shape);
    }
}
