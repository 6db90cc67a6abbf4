using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace OnnxIntervene.Tokenization.Texts;

/// <summary>
/// Unicode's canonical decomposition (form D), read from an embedded table: .NET's needs ICU, which a server image
/// often lacks (Unicode Standard Annex 15; Hangul by the rule of chapter 3.12).
/// </summary>
internal static class CanonicalDecomposition
{
    private const int FirstHangul = 0xAC00;
    private const int LastHangul = 0xD7A3;
    private static readonly FrozenDictionary<int, Rune[]> s_table = Load();

    /// <summary>The characters that a character decomposes into; itself when it does not.</summary>
    public static IEnumerable<Rune> Of(Rune rune)
    {
        if (rune.Value is >= FirstHangul and <= LastHangul)
            return Hangul(rune.Value - FirstHangul);
        return s_table.TryGetValue(rune.Value, out var parts) ? parts : [rune];
    }

    private static IEnumerable<Rune> Hangul(int index)
    {
        yield return new Rune(0x1100 + (index / 588));
        yield return new Rune(0x1161 + (index % 588 / 28));
        if (index % 28 > 0)
            yield return new Rune(0x11A7 + (index % 28));
    }

    private static FrozenDictionary<int, Rune[]> Load()
    {
        using var stream = typeof(CanonicalDecomposition).Assembly.GetManifestResourceStream("decompositions.txt")!;
        using var reader = new StreamReader(stream);
        var table = new Dictionary<int, Rune[]>();
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#'))
                continue;
            var codes = Array.ConvertAll(
                line.Split(' '),
                code => int.Parse(code, NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            );
            table.Add(codes[0], Array.ConvertAll(codes[1..], code => new Rune(code)));
        }

        return table.ToFrozenDictionary();
    }
}
