using System.Collections.Immutable;
using System.Text;
using OnnxIntervene.IR;
using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Steering;

/// <summary>
/// Words and phrases that stand for a topic or a mood (the bag of words of PPLM's attribute models, Dathathri et al.
/// 2020), to be counted in texts. A word is a run of letters, marks, digits, and apostrophes between them; case, and
/// how accents are written, make no difference. Immutable.
/// </summary>
public sealed class BagOfWords
{
    private const char Apostrophe = '\'';
    private const int TypographicApostrophe = '\u2019';

    private readonly ILookup<string, ImmutableArray<string>> _byFirstWord;

    private BagOfWords(ImmutableArray<string> entries, IEnumerable<ImmutableArray<string>> phrases)
    {
        Entries = entries;
        _byFirstWord = phrases.ToLookup(phrase => phrase[0], StringComparer.Ordinal);
    }

    /// <summary>The words and phrases, as they were given.</summary>
    public ImmutableArray<string> Entries { get; }

    /// <summary>A bag of words and phrases; the words of a phrase must follow each other.</summary>
    /// <exception cref="InterventionException">There are none, or one of them holds no letter and no digit.</exception>
    public static BagOfWords Of(IEnumerable<string> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        ImmutableArray<string> all = [.. entries];
        if (all.IsEmpty)
            throw new InterventionException("A bag of words needs a word.");
        return new BagOfWords(all, [.. all.Select(PhraseOf)]);
    }

    /// <summary>The words of a text, in upper case, in its order.</summary>
    public static ImmutableArray<string> WordsOf(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var words = ImmutableArray.CreateBuilder<string>();
        var word = new StringBuilder();
        foreach (var rune in Composed(text).EnumerateRunes())
        {
            if (Rune.IsLetterOrDigit(rune) || IsMark(rune))
                word.Append(rune.ToString());
            else if (rune.Value is Apostrophe or TypographicApostrophe)
                word.Append(Apostrophe);
            else
                End();
        }

        End();
        return words.ToImmutable();

        void End()
        {
            // At its ends an apostrophe is a quotation mark.
            var found = word.ToString().Trim(Apostrophe);
            if (found.Length > 0)
                words.Add(found.ToUpperInvariant());
            word.Clear();
        }
    }

    /// <summary>How many of a text's words are in the bag, alone or in a phrase; each word is counted once.</summary>
    public BagOfWordsScore Score(string text)
    {
        var words = WordsOf(text);
        var isMatched = new bool[words.Length];
        for (var start = 0; start < words.Length; start++)
        {
            foreach (var phrase in _byFirstWord[words[start]])
            {
                if (words.AsSpan()[start..].StartsWith(phrase.AsSpan()))
                    isMatched.AsSpan(start, phrase.Length).Fill(true);
            }
        }

        return new BagOfWordsScore(isMatched.Count(matched => matched), words.Length);
    }

    private static ImmutableArray<string> PhraseOf(string entry) =>
        WordsOf(entry) is { IsEmpty: false } words
            ? words
            : throw new InterventionException(
                $"'{entry}' is no word: it holds no letter and no digit, so that no text has it."
            );

    private static bool IsMark(Rune rune) =>
        Rune.GetUnicodeCategory(rune)
            is System.Globalization.UnicodeCategory.NonSpacingMark
                or System.Globalization.UnicodeCategory.SpacingCombiningMark
                or System.Globalization.UnicodeCategory.EnclosingMark;

    private static string Composed(string text) =>
        NormalForm.C.Apply(TrackedText.Of(text, 0), message => new InterventionException(message)).Text;
}
