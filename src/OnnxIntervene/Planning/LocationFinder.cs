using System.Collections.Immutable;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tokenization;

namespace OnnxIntervene.Planning;

/// <summary>
/// Turns positions counted from the end, and positions named by a text, into numbers, example by example.
/// </summary>
internal sealed class LocationFinder(Func<Tokenizer> tokenizer)
{
    /// <summary>The location with every position counted from the start.</summary>
    /// <exception cref="InterventionException">
    /// A text is not in an example, or the inputs hold no tokens to search.
    /// </exception>
    public UnitLocation? Find(UnitLocation? location, ModelInputs inputs, RepresentationConfig representation)
    {
        if (location is null || (location.Anchor is null && !location.Units.Any(row => row.Any(unit => unit < 0))))
            return location;
        var rows = Enumerable
            .Range(0, inputs.BatchSize)
            .Select(row => Positions(location, inputs, row, representation));
        return location with { Units = [.. rows], Anchor = null };
    }

    private ImmutableArray<int> Positions(
        UnitLocation location,
        ModelInputs inputs,
        int row,
        RepresentationConfig representation
    )
    {
        var kept = Kept(inputs, row);
        if (location.Anchor is { } anchor)
        {
            var named = anchor.Text.Length == 0 ? kept : Named(anchor.Text, kept, inputs, row, representation);
            return named.Length > 0
                ? Part(named, anchor.Part)
                : throw new InterventionException(
                    $"{representation}: the text '{anchor.Text}' touches no token of example {row}."
                );
        }

        if (representation.Unit == "h")
            throw new InterventionException($"{representation}: heads are counted from 0.");
        if (location.Units.Length != 1 && location.Units.Length != inputs.BatchSize)
            return location.UnitsOf(0);
        return [.. location.UnitsOf(row).Select(unit => unit >= 0 ? unit : FromEnd(unit, kept, row, representation))];
    }

    private static int FromEnd(int unit, ImmutableArray<int> kept, int row, RepresentationConfig representation) =>
        unit >= -kept.Length
            ? kept[kept.Length + unit]
            : throw new InterventionException(
                $"{representation}: there is no position {unit}; example {row} has {kept.Length} tokens."
            );

    // What the attention mask keeps; everything where there is none.
    private static ImmutableArray<int> Kept(ModelInputs inputs, int row)
    {
        var length = inputs.Length;
        if (
            !inputs.Arrays.TryGetValue("attention_mask", out var mask)
            || mask is not { IsInteger: true, Shape.Length: 2 }
            || mask.Shape[1] != length
        )
            return [.. Enumerable.Range(0, length)];
        return [.. Enumerable.Range(0, length).Where(position => mask.Integers[(row * length) + position] != 0)];
    }

    private ImmutableArray<int> Named(
        string text,
        ImmutableArray<int> kept,
        ModelInputs inputs,
        int row,
        RepresentationConfig representation
    )
    {
        if (!inputs.Arrays.TryGetValue(ModelInputs.TokenInput, out var tokens))
            throw new InterventionException(
                $"{representation}: positions are named by the text '{text}', but the inputs hold no "
                    + $"'{ModelInputs.TokenInput}'."
            );
        if (!tokens.IsInteger || tokens.Length < (row + 1L) * inputs.Length)
            throw new InterventionException(
                $"{representation}: positions are named by the text '{text}', but '{ModelInputs.TokenInput}' is "
                    + $"{tokens}, which are not token ids [batch, position]."
            );
        var ids = kept.Select(position => (int)tokens.Integers[(row * inputs.Length) + position]).ToList();
        var whole = tokenizer().Decode(ids);
        var start = whole.IndexOf(text, StringComparison.Ordinal);
        if (start < 0)
            start = whole.IndexOf(text, StringComparison.OrdinalIgnoreCase);
        if (start < 0)
            throw new InterventionException(
                $"{representation}: the text '{text}' is not in example {row}, which reads '{whole}'."
            );
        // Where each token ends in the text: the length of the text of the tokens up to it.
        var ends = Enumerable.Range(1, ids.Count).Select(count => tokenizer().Decode(ids.Take(count)).Length).ToList();
        var touched = Enumerable
            .Range(0, ids.Count)
            .Where(index => ends[index] > start && (index == 0 ? 0 : ends[index - 1]) < start + text.Length);
        return [.. touched.Select(index => kept[index])];
    }

    private static ImmutableArray<int> Part(ImmutableArray<int> positions, TextAnchorPart part) =>
        part switch
        {
            TextAnchorPart.Last => [positions[^1]],
            TextAnchorPart.First => [positions[0]],
            _ => positions,
        };
}
