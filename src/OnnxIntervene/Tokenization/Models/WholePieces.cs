using Microsoft.ML.Tokenizers;

namespace OnnxIntervene.Tokenization.Models;

/// <summary>Leaves each piece as it is: pieces are cut before the library sees them.</summary>
internal sealed class WholePieces : PreTokenizer
{
    public override IEnumerable<(int Offset, int Length)> PreTokenize(string text) =>
        text.Length == 0 ? [] : [(0, text.Length)];

    public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text) =>
        text.Length == 0 ? [] : [(0, text.Length)];
}
