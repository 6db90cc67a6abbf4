using System.Collections.Immutable;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Tokenization;

namespace OnnxIntervene.Planning;

/// <summary>
/// Turns positions counted from the end, and positions named by a text, into numbers, example by example.
/// </summary>
internal sealed class LocationFinder(Graph graph, Func<Tokenizer> tokenizer)
{
    private readonly KeptPositions _kept = new(graph);

    /// <summary>The location with every position counted from the start.</summary>
    /// <param name="location">The units; null for all.</param>
    /// <param name="inputs">What the model is run on.</param>
    /// <param name="representation">The intervention, for its unit.</param>
    /// <param name="extent">How many examples and units the component has.</param>
    /// <param name="length">How many positions it has.</param>
    /// <exception cref="InterventionException">
    /// A text is not in an example, or the inputs hold no tokens to search.
    /// </exception>
    public UnitLocation? Find(
        UnitLocation? location,
        ModelInputs inputs,
        RepresentationConfig representation,
        UnitExtent extent,
        int length
    )
    {
        if (location is null || (location.Anchor is null && !location.Units.Any(row => row.Any(unit => unit < 0))))
            return location;
        // What does not fit the examples is refused where locations are checked.
        var fits = location.Units.Length == 1 || location.Units.Length == extent.Examples;
        if (extent.Contradiction is not null || !fits)
            return location;
        var rows = Enumerable
            .Range(0, extent.Examples)
            .Select(row => Positions(location, inputs, row, representation, extent, length));
        return location with { Units = [.. rows], Anchor = null };
    }

    private ImmutableArray<int> Positions(
        UnitLocation location,
        ModelInputs inputs,
        int row,
        RepresentationConfig representation,
        UnitExtent extent,
        int length
    )
    {
        if (location.Anchor is null && representation.Unit == "h")
            throw new InterventionException($"{representation}: heads are counted from 0.");
        var kept = _kept.Of(inputs, extent, length, row, representation);
        if (location.Anchor is not { } anchor)
            return
            [
                .. location.UnitsOf(row).Select(unit => unit >= 0 ? unit : FromEnd(unit, kept, row, representation)),
            ];
        var named =
            anchor.Text.Length == 0
                ? kept
                : Named(anchor.Text, kept, _kept.TokensOf(inputs, extent, length), row, representation);
        return named.Length > 0
            ? Part(named, anchor.Part)
            : throw new InterventionException(
                $"{representation}: the text '{anchor.Text}' touches no token of example {row}."
            );
    }

    private static int FromEnd(int unit, ImmutableArray<int> kept, int row, RepresentationConfig representation) =>
        unit >= -kept.Length
            ? kept[kept.Length + unit]
            : throw new InterventionException(
                $"{representation}: there is no position {unit}; example {row} has {kept.Length} positions."
            );

    private ImmutableArray<int> Named(
        string text,
        ImmutableArray<int> kept,
        NumericArray? tokens,
        int row,
        RepresentationConfig representation
    )
    {
        if (tokens is null)
            throw new InterventionException(
                $"{representation}: positions are named by the text '{text}', but the inputs hold no token ids, "
                    + $"[batch, position], at the positions of '{representation.Component}'."
            );
        var start = row * tokens.Shape[1];
        var ids = kept.Select(position => (int)tokens.Integers[start + position]).ToList();
        var whole = tokenizer().Decode(ids);
        var found = whole.IndexOf(text, StringComparison.Ordinal);
        if (found < 0)
            found = whole.IndexOf(text, StringComparison.OrdinalIgnoreCase);
        if (found < 0)
            throw new InterventionException(
                $"{representation}: the text '{text}' is not in example {row}, which reads '{whole}'."
            );
        // Where each token ends in the text: the length of the text of the tokens up to it.
        var ends = Enumerable.Range(1, ids.Count).Select(count => tokenizer().Decode(ids.Take(count)).Length).ToList();
        var touched = Enumerable
            .Range(0, ids.Count)
            .Where(index => ends[index] > found && (index == 0 ? 0 : ends[index - 1]) < found + text.Length);
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
