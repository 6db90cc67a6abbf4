using OnnxIntervene.Checking.Runs;
using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Checking.Laws;

/// <summary>
/// Effect and order: every write changes the output, and a layer's stream changes later layers, and no earlier one.
/// </summary>
internal static class OrderLaws
{
    /// <summary>That a layer's stream changes no earlier layer.</summary>
    public static IEnumerable<LawFinding> OfStream(LawContext context, int layer, Snapshot swapped)
    {
        if (context.Find(layer, ComponentNames.BlockOutput) is not { } stream)
            yield break;
        for (var earlier = 0; earlier < layer; earlier++)
        {
            if (context.Find(earlier, ComponentNames.BlockOutput) is not { } other)
                continue;
            var difference = LawContext.Largest(swapped[other.Address].Floats, context.Base[other.Address].Floats);
            if (difference > context.Tolerance * LawContext.Largest(context.Base[other.Address].Floats))
                yield return LawContext.Finding(
                    "block_output changes no earlier layer",
                    [stream, other],
                    LawOutcome.Contradicted,
                    $"that of layer {earlier} moves by {difference:G3}"
                );
        }

        if (layer > 0)
            yield return LawContext.Finding("block_output comes after earlier layers", [stream], LawOutcome.Proved, "");
    }

    /// <summary>That a write of the source's values changes the output.</summary>
    public static LawFinding Effect(LawContext context, Component component)
    {
        const string Law = "a write changes the output";
        var own = context.Base[component.Address].Floats;
        var other = context.Source[component.Address].Floats;
        if (context.Base.Output is not { } before)
            return LawContext.Finding(Law, [component], LawOutcome.Untested, "the model's first output is not numbers");
        if (LawContext.Largest(own, other) <= context.Spread * LawContext.Largest(own))
            return LawContext.Finding(Law, [component], LawOutcome.Untested, "the two runs do not differ there");
        var effect = LawContext.Largest(context.Swapped(component).Output!.Floats, before.Floats);
        return effect > 0
            ? LawContext.Finding(Law, [component], LawOutcome.Proved, "")
            : LawContext.Finding(Law, [component], LawOutcome.Contradicted, "the output stays as it is, bit for bit");
    }
}
