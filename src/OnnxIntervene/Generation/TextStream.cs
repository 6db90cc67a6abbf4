using System.Collections.Immutable;
using OnnxIntervene.Tokenization;

namespace OnnxIntervene.Generation;

/// <summary>
/// The text of tokens that come one after the other. Held back are bytes that are not a character yet, and what may be
/// the beginning of a text that stops the generation. For one text; not safe for concurrent use.
/// </summary>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="stopTexts">The texts that stop the generation.</param>
public sealed class TextStream(Tokenizer tokenizer, ImmutableArray<string> stopTexts = default)
{
    private readonly StreamingDecoder _decoder = new(tokenizer);
    private string _text = "";
    private int _given;

    /// <summary>The text that a token adds, as far as it is certain.</summary>
    public string Append(int token)
    {
        _text += _decoder.Append(token);
        return Given(_text.Length - Stops.Select(Overlap).DefaultIfEmpty(0).Max());
    }

    /// <summary>What was held back, up to a text that stopped the generation.</summary>
    public string Flush()
    {
        _text += _decoder.Flush();
        var stops = Stops.Select(stop => _text.IndexOf(stop, StringComparison.Ordinal)).Where(place => place >= 0);
        return Given(stops.DefaultIfEmpty(_text.Length).Min());
    }

    private ImmutableArray<string> Stops => stopTexts.IsDefault ? [] : stopTexts;

    private string Given(int end)
    {
        if (end <= _given)
            return "";
        var part = _text[_given..end];
        _given = end;
        return part;
    }

    // How much of the text's end a stop text begins with, or goes on from a whole one.
    private int Overlap(string stop)
    {
        if (_text.IndexOf(stop, StringComparison.Ordinal) is >= 0 and var whole)
            return _text.Length - whole;
        for (var length = Math.Min(_text.Length, stop.Length - 1); length > 0; length--)
        {
            if (_text.EndsWith(stop[..length], StringComparison.Ordinal))
                return length;
        }

        return 0;
    }
}
