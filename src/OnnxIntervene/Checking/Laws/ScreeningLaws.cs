using OnnxIntervene.Checking.Runs;
using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Checking.Laws;

/// <summary>
/// Screening off: with what a module reads taken from the source everywhere, what it computes is the source's too,
/// whatever the rest of the run is.
/// </summary>
internal static class ScreeningLaws
{
    private static readonly (string Read, string Computed)[] s_pairs =
    [
        (ComponentNames.AttentionInput, ComponentNames.QueryOutput),
        (ComponentNames.AttentionInput, ComponentNames.KeyOutput),
        (ComponentNames.AttentionInput, ComponentNames.ValueOutput),
        (ComponentNames.AttentionValueOutput, ComponentNames.AttentionOutput),
        (ComponentNames.MlpInput, ComponentNames.MlpActivation),
        (ComponentNames.MlpInput, ComponentNames.MlpOutput),
        (ComponentNames.BlockInput, ComponentNames.BlockOutput),
        (ComponentNames.ResidMid, ComponentNames.MlpActivation),
        (ComponentNames.ResidMid, ComponentNames.MlpOutput),
        (ComponentNames.ResidMid, ComponentNames.BlockOutput),
    ];

    /// <summary>The laws of one layer.</summary>
    public static IEnumerable<LawFinding> Of(LawContext context, int layer, bool includesStream)
    {
        foreach (var group in context.Pairs(layer, s_pairs))
        {
            var computed = group.Where(item => !includesStream || !IsOfTheStream(item)).ToList();
            if (computed.Count == 0)
                continue;
            var run = context.Swapped(group.Key);
            foreach (var item in computed)
                yield return Decides(context, run, group.Key, item);
        }
    }

    /// <summary>The stream after a layer decides every later layer, and the output.</summary>
    public static IEnumerable<LawFinding> OfStream(LawContext context, int layer, Snapshot swapped)
    {
        if (context.Find(layer, ComponentNames.BlockOutput) is not { } stream)
            yield break;
        for (var later = layer + 1; later < context.LayerCount; later++)
        {
            foreach (var name in new[] { ComponentNames.BlockInput, ComponentNames.BlockOutput })
            {
                if (context.Find(later, name) is { } item && (name == ComponentNames.BlockOutput || later == layer + 1))
                    yield return Decides(context, swapped, stream, item);
            }
        }

        // Beside other stacks, it is not the layer's stream alone that decides.
        if (context.Stack is null && swapped.Output is { } output)
            yield return context.Equal(
                $"{stream.Address.Name} decides the output",
                [stream],
                output.Floats,
                context.Source.Output!.Floats,
                context.Base.Output!.Floats
            );
    }

    // An output that includes the stream is not decided by what the sub-layer reads.
    private static bool IsOfTheStream(Component computed) =>
        computed.Address.Name.EndsWith(ComponentNames.AttentionOutput, StringComparison.Ordinal)
        || computed.Address.Name == ComponentNames.MlpOutput;

    private static LawFinding Decides(LawContext context, Snapshot run, Component read, Component computed) =>
        context.Equal(
            $"{read.Address.Name} decides {computed.Address.Name}",
            [read, computed],
            run[computed.Address].Floats,
            context.Source[computed.Address].Floats,
            context.Base[computed.Address].Floats
        );
}
