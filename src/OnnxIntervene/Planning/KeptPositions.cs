using System.Collections.Immutable;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Planning;

/// <summary>
/// Which of a component's positions hold tokens: those that the mask of its text keeps. A mask is that of a text where
/// both have the positions' dimension, or where the model reads one text alone.
/// </summary>
internal sealed class KeptPositions(Graph graph)
{
    private static readonly ImmutableArray<(string Text, string Mask)> s_texts =
    [
        (ModelInputs.TokenInput, "attention_mask"),
        ("inputs_embeds", "attention_mask"),
        ("input_features", "attention_mask"),
        ("input_values", "attention_mask"),
        ("decoder_input_ids", "decoder_attention_mask"),
        ("encoder_hidden_states", "encoder_attention_mask"),
    ];

    private readonly bool _readsOneText = UnitCounter.ReadsOneText(graph);

    /// <summary>The positions of one example, counted from the start.</summary>
    /// <param name="inputs">What the model is run on.</param>
    /// <param name="extent">What was counted of the component.</param>
    /// <param name="length">How many positions it has.</param>
    /// <param name="row">The example.</param>
    /// <param name="representation">The intervention, for the message.</param>
    /// <exception cref="InterventionException">
    /// A mask of that length leaves tokens out, and whose it is cannot be told.
    /// </exception>
    public ImmutableArray<int> Of(
        ModelInputs inputs,
        UnitExtent extent,
        int length,
        int row,
        RepresentationConfig representation
    )
    {
        ImmutableArray<int> all = [.. Enumerable.Range(0, length)];
        var masks = inputs
            .Arrays.Where(array => s_texts.Any(text => text.Mask == array.Key))
            .Where(array =>
                array.Value is { IsInteger: true, Shape: [var rows, var size] } && size >= length && rows > row
            )
            .Select(array => (array.Key, Kept: Kept(array.Value, length, row, HasCache(inputs))))
            .Where(mask => !mask.Kept.IsDefault && mask.Kept.Length < length)
            .ToList();
        if (masks.Count == 0)
            return extent.PositionName is null && Padding(inputs, length, row) is { } other
                ? throw new InterventionException(
                    $"{representation}: '{other}' leaves out positions of its own, but '{representation.Component}' "
                        + $"has {length}, and which of these are padding cannot be told. Count positions from the "
                        + "start of the tensor."
                )
                : all;
        if (TextOf(extent) is { } text)
            return masks.Find(mask => mask.Key == text.Mask) is { Key: not null } own ? own.Kept : all;
        return _readsOneText && masks.Count == 1
            ? masks[0].Kept
            : throw new InterventionException(
                $"{representation}: whether '{masks[0].Key}' says which positions of '{representation.Component}' are "
                    + "padding cannot be told. Count positions from the start of the tensor."
            );
    }

    /// <summary>The input that holds the token ids at a component's positions; null where there is none.</summary>
    public NumericArray? TokensOf(ModelInputs inputs, UnitExtent extent, int length)
    {
        var name = TextOf(extent)?.Text ?? (_readsOneText ? ModelInputs.TokenInput : null);
        return name is not null && inputs.Arrays.TryGetValue(name, out var tokens) && tokens is { IsInteger: true }
            ? tokens.Shape is [_, var size] && size == length
                ? tokens
                : null
            : null;
    }

    // A mask of another length that leaves something out.
    private static string? Padding(ModelInputs inputs, int length, int row) =>
        inputs
            .Arrays.Where(array => s_texts.Any(text => text.Mask == array.Key))
            .FirstOrDefault(array =>
                array.Value is { IsInteger: true, Shape: [var rows, var size] }
                && rows > row
                && size != length
                && array.Value.Integers.Slice(row * size, size).Contains(0)
            )
            .Key;

    // The text whose positions have the same name.
    private (string Text, string Mask)? TextOf(UnitExtent extent)
    {
        foreach (var text in extent.PositionName is null ? [] : s_texts)
        {
            var shape = graph.Inputs.FirstOrDefault(input => input.Name == text.Text)?.Type?.Shape;
            if (shape is { Rank: > 1 } && shape[1].Symbol == extent.PositionName)
                return text;
        }

        return null;
    }

    // With a cache, the last of a longer mask.
    private static ImmutableArray<int> Kept(NumericArray mask, int length, int row, bool hasCache)
    {
        var size = mask.Shape[1];
        if (size != length && !hasCache)
            return default;
        var marks = mask.Integers.Slice(((row + 1) * size) - length, length);
        var kept = ImmutableArray.CreateBuilder<int>(length);
        for (var position = 0; position < length; position++)
        {
            if (marks[position] != 0)
                kept.Add(position);
        }

        return kept.ToImmutable();
    }

    private static bool HasCache(ModelInputs inputs) =>
        inputs.Arrays.Keys.Any(name => name.StartsWith(InputFiller.PastPrefix, StringComparison.Ordinal));
}
