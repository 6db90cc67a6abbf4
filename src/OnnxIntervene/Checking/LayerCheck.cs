using System.Collections.Immutable;
using OnnxIntervene.Checking.Laws;
using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Checking;

/// <summary>All laws of one layer.</summary>
internal sealed class LayerCheck(LawContext context, int layer)
{
    private static readonly string[] s_outputs = [ComponentNames.AttentionOutput, ComponentNames.MlpOutput];

    /// <summary>What the laws show.</summary>
    public IEnumerable<LawFinding> Findings()
    {
        foreach (var finding in ScreeningLaws.Of(context, layer, IncludesStream))
            yield return finding;
        foreach (var finding in IncludesStream ? StreamOutputs() : Sums())
            yield return finding;
        foreach (var finding in AffineLaws.Of(context, layer, Obstacle))
            yield return finding;
        foreach (var finding in PositionLaws.Of(context, layer).Concat(HeadLaws.Of(context, layer)))
            yield return finding;
        if (context.Find(layer, ComponentNames.BlockOutput) is { } stream)
        {
            var swapped = context.Swapped(stream);
            foreach (var finding in ScreeningLaws.OfStream(context, layer, swapped))
                yield return finding;
            foreach (var finding in OrderLaws.OfStream(context, layer, swapped))
                yield return finding;
        }

        foreach (var component in context.Components.Values.Where(IsWritten))
            yield return OrderLaws.Effect(context, component);
    }

    // Where the last sub-layer's output is the layer's own, outputs include the stream.
    private bool IncludesStream =>
        context.Find(layer, ComponentNames.MlpOutput) is { } output
        && context.Find(layer, ComponentNames.BlockOutput) is { } stream
        && output.Source == stream.Source;

    private bool IsWritten(Component component) =>
        component.Address.Layer == layer && component.Layout == ComponentLayout.Positions;

    private IEnumerable<LawFinding> Sums()
    {
        var normed = s_outputs
            .Select(name => context.Find(layer, name))
            .OfType<Component>()
            .FirstOrDefault(output => NormAfter.Of(output, context.Find(layer, ComponentNames.BlockOutput)));
        if (normed is null)
            return SumLaws.Of(context, layer);
        return
        [
            LawContext.Finding(
                "the stream grows by what is added",
                [normed],
                LawOutcome.Untested,
                "a norm lies between the sub-layer's output and the stream"
            ),
        ];
    }

    // Each of them is the whole stream there, and decides all that comes after.
    private IEnumerable<LawFinding> StreamOutputs()
    {
        if (
            context.Find(layer, ComponentNames.AttentionOutput) is not { } middle
            || context.Find(layer, ComponentNames.BlockOutput) is not { } stream
        )
            yield break;
        yield return context.Equal(
            "attention_output decides block_output",
            [middle, stream],
            context.Swapped(middle)[stream.Address].Floats,
            context.Source[stream.Address].Floats,
            context.Base[stream.Address].Floats
        );
    }

    private string? Obstacle(Component computed) =>
        IncludesStream && s_outputs.Contains(computed.Address.Name)
            ? "a norm of the stream lies between, since the output includes the stream"
            : null;
}
