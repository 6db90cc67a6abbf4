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
        foreach (var finding in MatrixLaws.Of(context, layer, IncludesStream))
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

    // By what the map says of the outputs, which a family's own module decides (BERT, BLIP, ESM).
    private bool IncludesStream =>
        context.Find(layer, ComponentNames.MlpOutput)?.Meaning == ComponentMeaning.WithResidual
        || context.Find(layer, ComponentNames.AttentionOutput)?.Meaning == ComponentMeaning.WithResidual;

    private bool IsWritten(Component component) =>
        component.Address.Layer == layer
        && component.Address.Stack == context.Stack
        && component.Layout == ComponentLayout.Positions;

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
        if (context.Find(layer, ComponentNames.AttentionValueOutput) is { } mixed)
            yield return Moves(mixed, middle);
        if (context.Find(layer, ComponentNames.MlpActivation) is { } activation)
            yield return Decides(middle, activation);
        if (context.Find(layer, ComponentNames.MlpOutput) is { Meaning: ComponentMeaning.WithResidual } last)
            yield return context.Equal(
                "mlp_output is block_output",
                [last, stream],
                context.Base[last.Address].Floats,
                context.Base[stream.Address].Floats,
                context.Source[stream.Address].Floats
            );
        yield return Decides(middle, stream);
    }

    private LawFinding Decides(Component read, Component computed) =>
        context.Equal(
            $"{read.Address.Name} decides {computed.Address.Name}",
            [read, computed],
            context.Swapped(read)[computed.Address].Floats,
            context.Source[computed.Address].Floats,
            context.Base[computed.Address].Floats
        );

    private LawFinding Moves(Component read, Component computed)
    {
        var run = context.Swapped(read)[computed.Address].Floats;
        var isMoved = LawContext.Largest(run, context.Base[computed.Address].Floats) > 0;
        return LawContext.Finding(
            $"{read.Address.Name} changes {computed.Address.Name}",
            [read, computed],
            isMoved ? LawOutcome.Proved : LawOutcome.Contradicted,
            isMoved ? "" : "it stays as it is, bit for bit"
        );
    }

    private static bool IsOutput(Component component) =>
        Array.Exists(s_outputs, name => component.Address.Name.EndsWith(name, StringComparison.Ordinal));

    // Where a norm may lie between what is read and what is computed, by what the map says of them.
    private string? Obstacle(Component read, Component computed)
    {
        if (!IncludesStream)
            return IsOutput(computed) && NormAfter.IsInside(computed) ? "the output is taken after a norm" : null;
        if (IsOutput(computed))
            return "the output includes the stream, and a norm may follow the addition";
        return read.Source == context.Find(layer, ComponentNames.BlockInput)?.Source
            ? "the module reads the stream itself, and norms it inside"
            : null;
    }
}
