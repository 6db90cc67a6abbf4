using OnnxIntervene.Components;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Runtime;

/// <summary>Refuses inputs that a model has no room for, before anything runs.</summary>
internal static class InputChecks
{
    /// <exception cref="InterventionException">
    /// A token id is not in the vocabulary, or a position is beyond the model's table of positions.
    /// </exception>
    public static void Check(ModelInputs inputs, ComponentMap components)
    {
        var limits = components.Limits;
        if (inputs.Arrays.TryGetValue(ModelInputs.TokenInput, out var tokens) && tokens.IsInteger)
        {
            CheckTokens(ModelInputs.TokenInput, tokens, limits.Vocabulary);
            if (limits.Context is { } context && tokens.Shape.Length == 2 && !Has(inputs, PositionInput.Name))
                CheckLength(PastLength(inputs) + tokens.Shape[1], context);
        }

        CheckMask(inputs, tokens);
        foreach (var (name, count) in limits.Ids)
        {
            if (inputs.Arrays.TryGetValue(name, out var ids) && ids.IsInteger)
                CheckTokens(name, ids, count);
        }

        if (limits.Context is { } room && inputs.Arrays.TryGetValue(PositionInput.Name, out var positions))
            CheckPositions(positions, room);
    }

    /// <summary>Refuses a token that the vocabulary does not have.</summary>
    /// <exception cref="InterventionException">The id is negative, or beyond the vocabulary.</exception>
    public static void CheckToken(long id, ComponentMap components, string what)
    {
        if (id < 0 || id >= (components.Limits.Vocabulary ?? long.MaxValue))
            throw Unknown($"The {what} is", id, components.Limits.Vocabulary);
    }

    private static bool Has(ModelInputs inputs, string name) => inputs.Arrays.ContainsKey(name);

    private static void CheckTokens(string name, NumericArray tokens, long? vocabulary)
    {
        for (var index = 0; index < tokens.Length; index++)
        {
            var id = tokens.Integers[index];
            if (id < 0 || id >= (vocabulary ?? long.MaxValue))
                throw name == ModelInputs.TokenInput
                    ? Unknown($"'{name}' has", id, vocabulary)
                    : new InterventionException(
                        $"'{name}' has the id {id}, but its table in the model has {vocabulary} rows: 0 to "
                            + $"{vocabulary - 1}."
                    );
        }
    }

    private static InterventionException Unknown(string where, long id, long? vocabulary) =>
        new(
            vocabulary is { } count
                ? $"{where} the token id {id}, but the model's vocabulary has {count} tokens: 0 to {count - 1}. "
                    + "Use the tokenizer that belongs to the model."
                : $"{where} the token id {id}; token ids begin at 0."
        );

    // A mask covers what the cache holds, and the new tokens after it.
    private static void CheckMask(ModelInputs inputs, NumericArray? tokens)
    {
        if (
            tokens is not { Shape: [_, var length] }
            || !inputs.Arrays.TryGetValue(InputFiller.Mask, out var mask)
            || mask is not { Shape: [_, var covered] }
        )
            return;
        var past = PastLength(inputs);
        if (covered != past + length)
            throw new InterventionException(
                $"'attention_mask' covers {covered} positions, but there are {past + length}: {past} in the cache and "
                    + $"{length} in '{ModelInputs.TokenInput}'."
            );
    }

    private static void CheckLength(long length, long context)
    {
        if (length > context)
            throw new InterventionException(
                $"The prompt has {length} tokens, but the model has room for {context} positions. Shorten the prompt."
            );
    }

    private static void CheckPositions(NumericArray positions, long context)
    {
        foreach (var position in positions.IsInteger ? positions.Integers : [])
        {
            if (position >= context)
                throw new InterventionException(
                    $"'{PositionInput.Name}' has the position {position}, but the model has room for {context} "
                        + $"positions: 0 to {context - 1}."
                );
        }
    }

    // [batch, heads, position, width]; a cache that is left out is empty.
    private static long PastLength(ModelInputs inputs) =>
        inputs
            .Arrays.Where(array => array.Key.StartsWith(InputFiller.PastPrefix, StringComparison.Ordinal))
            .Where(array => array.Value.Shape.Length == 4)
            .Select(array => (long)array.Value.Shape[2])
            .FirstOrDefault();
}
