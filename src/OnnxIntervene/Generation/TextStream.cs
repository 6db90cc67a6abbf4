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
    private const char Unfinished = '\uFFFD';

    private readonly List<int> _tokens = [];
    private int _given;

    /// <summary>The text that a token adds, as far as it is certain.</summary>
    public string Append(int token)
    {
        _tokens.Add(token);
        var text = Decoded();
        return Given(text, text.Length - HeldBack(text));
    }

    /// <summary>What was held back, up to a text that stopped the generation.</summary>
    public string Flush()
    {
        var text = Decoded();
        var stops = Stops.Select(stop => text.IndexOf(stop, StringComparison.Ordinal)).Where(place => place >= 0);
        return Given(text, stops.DefaultIfEmpty(text.Length).Min());
    }

    private ImmutableArray<string> Stops => stopTexts.IsDefault ? [] : stopTexts;

    private string Decoded() => tokenizer.Decode(_tokens, skipSpecialTokens: true);

    private string Given(string text, int end)
    {
        if (end <= _given)
            return "";
        var part = text[_given..end];
        _given = end;
        return part;
    }

    private int HeldBack(string text)
    {
        var unfinished = text.Length - text.TrimEnd(Unfinished).Length;
        return Stops.Select(stop => Overlap(text, stop)).Append(unfinished).Max();
    }

    // How much of the text's end a stop text begins with, or goes on from a whole one.
    private static int Overlap(string text, string stop)
    {
        if (text.IndexOf(stop, StringComparison.Ordinal) is >= 0 and var whole)
            return text.Length - whole;
        for (var length = Math.Min(text.Length, stop.Length - 1); length > 0; length--)
        {
            if (text.EndsWith(stop[..length], StringComparison.Ordinal))
                return length;
        }

        return 0;
    }
}
