using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;

namespace OnnxIntervene.Generation;

/// <summary>When a text ends: at a token, or where a text has been generated.</summary>
internal sealed class StopCondition
{
    private readonly ImmutableHashSet<int> _tokens;
    private readonly ImmutableArray<string> _texts;
    private readonly LoadedModel _model;
    private readonly int _tail;

    public StopCondition(GenerationOptions options, LoadedModel model)
    {
        _model = model;
        var ends = options.IgnoresEndOfText ? [] : options.StopTokens ?? EndOfText.TokensOf(model.File.Path);
        _tokens = [.. ends, .. options.StopTexts.Select(SpecialToken).OfType<int>()];
        _texts = [.. options.StopTexts.Where(text => SpecialToken(text) is null)];
        // A token is a byte at least; a few more, since a text may begin inside a token.
        _tail = _texts.IsEmpty ? 0 : _texts.Max(text => System.Text.Encoding.UTF8.GetByteCount(text)) + 8;

        // Special tokens are left out of texts, so that one that stops is looked for as a token.
        int? SpecialToken(string text) => model.Tokenizer.FindWholeSpecial(text);
    }

    /// <exception cref="InterventionException">A stop text can never occur, or cannot be looked for.</exception>
    public static void Check(GenerationOptions options, LoadedModel model)
    {
        foreach (var text in options.StopTexts)
        {
            if (text.Length == 0)
                throw new InterventionException("A stop text is empty: it would end every text at once.");
            if (!model.HasTokenizer)
                throw new InterventionException(
                    "Stop texts need a tokenizer beside the model; give stop tokens instead."
                );
            var tokenizer = model.Tokenizer;
            // Some decoders drop the space with which a text begins; inside a text it stands.
            if (
                tokenizer.FindWholeSpecial(text) is null
                && !Written(text).Contains(text, StringComparison.Ordinal)
                && !Written($"a{text}").Contains(text, StringComparison.Ordinal)
            )
                throw new InterventionException(
                    $"The stop text '{text}' can never occur: the tokenizer writes it as '{Written(text)}'."
                );

            string Written(string whole) =>
                tokenizer.Decode(tokenizer.Encode(whole, addSpecialTokens: false).Ids, skipSpecialTokens: true);
        }

        foreach (var token in options.StopTokens ?? [])
            Runtime.InputChecks.CheckToken(token, model.Components, "stop token");
    }

    /// <summary>Whether a text of new tokens ends with its last one.</summary>
    public bool Ends(IReadOnlyList<int> generated) =>
        _tokens.Contains(generated[^1]) || (!_texts.IsEmpty && FirstStop(TailOf(generated)) is not null);

    /// <summary>The text of new tokens, up to what stopped it.</summary>
    public string? TextOf(IReadOnlyList<int> generated)
    {
        if (!_model.HasTokenizer)
            return null;
        var text = _model.Tokenizer.Decode(generated.Where(token => !_tokens.Contains(token)), skipSpecialTokens: true);
        return FirstStop(text) is { } place ? text[..place] : text;
    }

    private string TailOf(IReadOnlyList<int> generated) =>
        _model.Tokenizer.Decode(generated.Skip(Math.Max(0, generated.Count - _tail)), skipSpecialTokens: true);

    private int? FirstStop(string text)
    {
        var places = _texts
            .Select(stop => text.IndexOf(stop, StringComparison.Ordinal))
            .Where(place => place >= 0)
            .ToList();
        return places.Count == 0 ? null : places.Min();
    }
}
