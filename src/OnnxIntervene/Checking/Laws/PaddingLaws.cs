using OnnxIntervene.Checking.Runs;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Checking.Laws;

/// <summary>Padding: tokens that the mask leaves out change nothing at those that it keeps.</summary>
internal static class PaddingLaws
{
    private const int Added = 2;

    /// <summary>The law in every layer; none where the model takes no mask, or inputs besides one text.</summary>
    public static IEnumerable<LawFinding> Of(LawContext context, Graph graph)
    {
        if (
            graph.Inputs.All(input => input.Name != InputFiller.Mask)
            || context.Inputs.Base.Arrays.Count != 1
            || !context.Inputs.Base.Arrays.TryGetValue(ModelInputs.TokenInput, out var tokens)
        )
            yield break;
        var padded = context.Probe.Run(Padded(tokens));
        for (var layer = 0; layer < context.LayerCount; layer++)
        {
            if (context.Find(layer, ComponentNames.BlockOutput) is { } stream)
                yield return Kept(context, padded, stream);
        }
    }

    private static LawFinding Kept(LawContext context, Snapshot padded, Component stream)
    {
        const string Law = "padding changes no token that is kept";
        var (plain, longer) = (context.Base[stream.Address], padded[stream.Address]);
        var (positions, width) = (plain.Shape[1], plain.Shape[2]);
        if (longer.Shape[1] != positions + Added)
            return LawContext.Finding(Law, [stream], LawOutcome.Untested, "its positions are not those of the text");
        var kept = new float[plain.Length];
        for (var row = 0; row < plain.Shape[0]; row++)
            longer
                .Floats.Slice(row * (positions + Added) * width, positions * width)
                .CopyTo(kept.AsSpan(row * positions * width));
        return context.Equal(Law, [stream], kept, plain.Floats, new float[kept.Length]);
    }

    // The same text with two more tokens behind it, which the mask leaves out.
    private static ModelInputs Padded(NumericArray tokens)
    {
        var (rows, length) = (tokens.Shape[0], tokens.Shape[1]);
        var (ids, marks) = (new long[rows * (length + Added)], new long[rows * (length + Added)]);
        for (var index = 0; index < ids.Length; index++)
        {
            var (row, position) = Math.DivRem(index, length + Added);
            var isKept = position < length;
            ids[index] = tokens.Integers[(row * length) + (isKept ? position : 0)];
            marks[index] = isKept ? 1 : 0;
        }

        return new ModelInputs(
            ModelInputs
                .FromTokens([0])
                .Arrays.SetItem(ModelInputs.TokenInput, NumericArray.Of(ids, rows, length + Added))
                .Add(InputFiller.Mask, NumericArray.Of(marks, rows, length + Added))
        );
    }
}
