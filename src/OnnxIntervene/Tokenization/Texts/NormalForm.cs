using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace OnnxIntervene.Tokenization.Texts;

/// <summary>
/// Unicode's normal forms C, D, KC and KD (Unicode Standard Annex 15), from embedded tables: .NET's need ICU, which a
/// server image often lacks.
/// </summary>
internal sealed class NormalForm
{
    public static readonly NormalForm C = new(composes: true, isCompatible: false);
    public static readonly NormalForm D = new(composes: false, isCompatible: false);
    public static readonly NormalForm KC = new(composes: true, isCompatible: true);
    public static readonly NormalForm KD = new(composes: false, isCompatible: true);

    private static readonly Lazy<Tables> s_tables = new(Load);
    private readonly bool _composes;
    private readonly bool _isCompatible;

    private NormalForm(bool composes, bool isCompatible) => (_composes, _isCompatible) = (composes, isCompatible);

    /// <summary>A text in this form.</summary>
    public TrackedText Apply(TrackedText text, Func<string, Exception> fault)
    {
        // Below, no character decomposes or combines.
        var first =
            _isCompatible ? '\u00A0'
            : _composes ? '\u0300'
            : '\u00C0';
        if (!text.Text.AsSpan().ContainsAnyInRange(first, '\uFFFF'))
            return text;
        var characters = Decomposed(text);
        Order(characters);
        if (_composes)
            Compose(characters);
        var builder = new TrackedTextBuilder(text, fault);
        foreach (var character in characters)
            builder.Add(character.Rune, character.Origin);
        return builder.Build();
    }

    private List<Character> Decomposed(TrackedText text)
    {
        var characters = new List<Character>(text.Length);
        for (var index = 0; index < text.Length; )
        {
            Rune.DecodeFromUtf16(text.Text.AsSpan(index), out var rune, out var length);
            var origin = (text.Start(index), text.End(index + length - 1));
            var parts =
                _isCompatible && s_tables.Value.Compatible.TryGetValue(rune.Value, out var compatible)
                    ? compatible
                    : CanonicalDecomposition.Of(rune);
            characters.AddRange(parts.Select(part => new Character(part, origin)));
            index += length;
        }

        return characters;
    }

    // Marks after a letter stand in the order of their classes; those of one class stay as they are.
    private static void Order(List<Character> characters)
    {
        for (var index = 0; index < characters.Count; index++)
        {
            var start = index;
            while (index < characters.Count && Class(characters[index].Rune) > 0)
                index++;
            if (index - start < 2)
                continue;
            var ordered = characters
                .GetRange(start, index - start)
                .OrderBy(character => Class(character.Rune))
                .ToList();
            for (var mark = 0; mark < ordered.Count; mark++)
                characters[start + mark] = ordered[mark];
        }
    }

    private static void Compose(List<Character> characters)
    {
        var (starter, last, kept) = (-1, 0, 0);
        for (var index = 0; index < characters.Count; index++)
        {
            var character = characters[index];
            var own = Class(character.Rune);
            var isBlocked = starter != kept - 1 && (last >= own || last == 0);
            if (starter >= 0 && !isBlocked && Pair(characters[starter].Rune, character.Rune) is { } composed)
            {
                characters[starter] = characters[starter].With(composed, character);
                continue;
            }

            (starter, last) = (own == 0 ? kept : starter, own);
            characters[kept++] = character;
        }

        characters.RemoveRange(kept, characters.Count - kept);
    }

    // Hangul by the rule of the Unicode Standard, chapter 3.12.
    private static Rune? Pair(Rune first, Rune second)
    {
        var (lead, vowel) = (first.Value - 0x1100, second.Value - 0x1161);
        if (lead is >= 0 and < 19 && vowel is >= 0 and < 21)
            return new Rune(0xAC00 + (((lead * 21) + vowel) * 28));
        var (syllable, tail) = (first.Value - 0xAC00, second.Value - 0x11A7);
        if (syllable is >= 0 and < 11172 && syllable % 28 == 0 && tail is > 0 and < 28)
            return new Rune(first.Value + tail);
        return s_tables.Value.Pairs.TryGetValue((first.Value, second.Value), out var composed) ? composed : null;
    }

    private static int Class(Rune rune) =>
        rune.Value < 0x300 ? 0 : s_tables.Value.Classes.GetValueOrDefault(rune.Value);

    private static Tables Load()
    {
        using var stream = typeof(NormalForm).Assembly.GetManifestResourceStream("compositions.txt")!;
        using var reader = new StreamReader(stream);
        var (classes, compatible) = (new Dictionary<int, int>(), new Dictionary<int, Rune[]>());
        var pairs = new Dictionary<(int, int), Rune>();
        while (reader.ReadLine() is { } line)
        {
            var fields = line.Split(' ');
            if (fields[0] == "class")
                classes.Add(Code(fields[1]), int.Parse(fields[2], CultureInfo.InvariantCulture));
            else if (fields[0] == "pair")
                pairs.Add((Code(fields[1]), Code(fields[2])), new Rune(Code(fields[3])));
            else if (fields[0] == "compatible")
                compatible.Add(Code(fields[1]), [.. fields[2..].Select(field => new Rune(Code(field)))]);
        }

        return new Tables(classes.ToFrozenDictionary(), pairs.ToFrozenDictionary(), compatible.ToFrozenDictionary());
    }

    private static int Code(string field) => int.Parse(field, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private sealed record Tables(
        FrozenDictionary<int, int> Classes,
        FrozenDictionary<(int, int), Rune> Pairs,
        FrozenDictionary<int, Rune[]> Compatible
    );

    private readonly record struct Character(Rune Rune, (int Start, int End) Origin)
    {
        public Character With(Rune composed, Character next) =>
            new(composed, (Math.Min(Origin.Start, next.Origin.Start), Math.Max(Origin.End, next.Origin.End)));
    }
}
