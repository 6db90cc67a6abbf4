using System.Text;
using OnnxIntervene.Json;
using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization.Splitters;

/// <summary>Reads the pre-tokenizer of a <c>tokenizer.json</c>.</summary>
internal static class SplitterReader
{
    private const char UsualMark = '▁';

    /// <summary>BERT's words and punctuation marks; white space is removed.</summary>
    public static readonly Splitter Bert = new SplitterSequence([
        new CharacterSplitter(Rune.IsWhiteSpace, SplitBehavior.Removed),
        new CharacterSplitter(Words.IsPunctuation, SplitBehavior.Isolated),
    ]);

    public static Splitter Read(JsonPlace json) =>
        TokenizerPart.Kind(json) switch
        {
            null when json.IsNothing => SplitterSequence.None,
            "Sequence" => new SplitterSequence([.. json["pretokenizers"].Items().Select(Read)]),
            "ByteLevel" => new ByteLevelSplitter(
                json["add_prefix_space"].Flag(true),
                json["use_regex"].Flag(true),
                json.LaterFault()
            ),
            "Split" => new PatternSplitter(
                BoundedPattern.Read(json["pattern"]),
                Delimiters.Read(json["behavior"]),
                json["invert"].Flag(false)
            ),
            "Digits" => new CharacterSplitter(
                Rune.IsNumber,
                json["individual_digits"].Flag(false) ? SplitBehavior.Isolated : SplitBehavior.Contiguous
            ),
            "Metaspace" => Metaspace(json),
            "Whitespace" => new WordSplitter(),
            "WhitespaceSplit" => new CharacterSplitter(Rune.IsWhiteSpace, SplitBehavior.Removed),
            "BertPreTokenizer" => Bert,
            "Punctuation" => new CharacterSplitter(
                Words.IsPunctuation,
                Delimiters.Read(json["behavior"], SplitBehavior.Isolated)
            ),
            "CharDelimiterSplit" => CharacterSplit(json["delimiter"]),
            _ => throw TokenizerPart.NotSupported(json, "a pre-tokenizer of this kind"),
        };

    /// <summary>Which pieces get a mark that they lack; old files say it with a flag.</summary>
    public static PrependScheme Scheme(JsonPlace json) =>
        json.Find("prepend_scheme") is { } scheme
            ? scheme.Text() switch
            {
                "first" => PrependScheme.First,
                "always" => PrependScheme.Always,
                "never" => PrependScheme.Never,
                _ => throw scheme.Expected("one of first, always, never"),
            }
        : json["add_prefix_space"].Flag(true) ? PrependScheme.Always
        : PrependScheme.Never;

    /// <summary>The character that stands for a space.</summary>
    public static char Mark(JsonPlace json) => TokenizerPart.Character(json["replacement"], UsualMark);

    private static MetaspaceSplitter Metaspace(JsonPlace json) =>
        new(Mark(json), Scheme(json), json["split"].Flag(true), json.LaterFault());

    private static CharacterSplitter CharacterSplit(JsonPlace delimiter)
    {
        var character = new Rune(
            TokenizerPart.Character(delimiter, ' ') is var only && char.IsSurrogate(only)
                ? throw delimiter.Expected("one character")
                : only
        );
        return new CharacterSplitter(rune => rune == character, SplitBehavior.Removed);
    }
}
