using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Testing;
using OnnxIntervene.Tokenization;

namespace OnnxIntervene.Tests.Tokenization;

/// <summary>
/// SentencePiece's <c>tokenizer.model</c>. What SentencePiece itself makes of texts is in the references' folders
/// <c>pieces-*</c>, see <see cref="EncodingTests"/>; here are the same pieces as a <c>tokenizer.json</c>, and files
/// that are refused.
/// </summary>
public sealed class SentencePieceTests
{
    private const string Marks = """{"type": "Replace", "pattern": {"String": " "}, "content": "▁"}""";
    private static readonly string s_references = Path.Combine(RepositoryPaths.OwnReferences, "tokenizers");

    // What transformers' LlamaConverter and GemmaConverter write: every way to put a piece together is a merge.
    [TestCase(
        "pieces-llama",
        $$"""{"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {{Marks}}]}"""
    )]
    [TestCase("pieces-gemma", Marks)]
    public void The_same_pieces_as_merges_in_a_tokenizer_json_give_the_same_tokens(string family, string normalizer)
    {
        var file = SentencePieceFile.Read(Path.Combine(s_references, family, "tokenizer.model"));
        using var folder = new TemporaryFolder();
        File.WriteAllText(
            folder.File("tokenizer.json"),
            $$"""
            {"normalizer": {{normalizer}}, "added_tokens": {{Added(file)}}, "model": {"type": "BPE",
            "unk_token": "{{file.Pieces.Single(piece =>
                piece.Kind == PieceKind.Unknown
            ).Text}}", "fuse_unk": true, "byte_fallback": true, "vocab": {{Vocabulary(file)}}, "merges": {{Merges(
                file
            )}}},
            "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
            {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": {{(
                family == "pieces-llama" ? 1 : 0
            )}}, "stop": 0}] } }
            """
        );

        Alike(Tokenizer.Load(folder.Path), Tokenizer.Load(Path.Combine(s_references, family)), comparesOffsets: true);
    }

    // The scores as 32 bits hold them, in both files. Offsets differ where spaces are left out, as those of the two
    // libraries do.
    [Test]
    public void The_same_pieces_with_scores_in_a_tokenizer_json_give_the_same_tokens()
    {
        var json = JsonNode.Parse(File.ReadAllBytes(Path.Combine(s_references, "t5", "tokenizer.json")))!;
        var writer = new PieceModelWriter();
        foreach (var piece in json["model"]!["vocab"]!.AsArray())
        {
            var (text, score) = ((string)piece![0]!, (float)(double)piece[1]!);
            piece[1] = (double)score;
            writer.Piece(
                text,
                score,
                text is "<unk>" ? 2
                    : text is "<pad>" or "</s>" ? 3
                    : 1
            );
        }

        var map = (string)json["normalizer"]!["normalizers"]![0]!["precompiled_charsmap"]!;
        writer.Training((41, -1), (42, 1)).Normalization(Convert.FromBase64String(map));
        using var whole = new TemporaryFolder();
        File.WriteAllText(whole.File("tokenizer.json"), json.ToJsonString());
        using var pieces = new TemporaryFolder();
        File.WriteAllBytes(pieces.File("spiece.model"), writer.ToArray());
        File.WriteAllText(
            pieces.File("tokenizer_config.json"),
            """{"tokenizer_class": "T5Tokenizer", "extra_ids": 0}"""
        );

        Alike(Tokenizer.Load(whole.Path), Tokenizer.Load(pieces.Path), comparesOffsets: false);
    }

    [Test]
    public void A_model_alone_begins_texts_as_it_says_itself()
    {
        using var folder = new TemporaryFolder();
        var model = new PieceModelWriter().Usual().Piece("▁", -2).Piece("a", -3).Piece("▁a", -1).Piece("[X]", kind: 3);
        File.WriteAllBytes(folder.File("tokenizer.model"), model.Training((3, 2)).ToArray());
        var tokenizer = Tokenizer.Load(folder.Path);

        Assert.That(tokenizer.Encode(" a  a").Ids, Is.EqualTo(new[] { 1, 5, 5 }));
        Assert.That(tokenizer.Encode("ab[X]a").Ids, Is.EqualTo(new[] { 1, 5, 0, 6, 5 }));
        Assert.That(tokenizer.Decode([1, 5, 5, 2], skipSpecialTokens: true), Is.EqualTo("a a"));
        Assert.That(Tokenizer.ExistsIn(folder.Path), Is.True);
    }

    // transformers numbers what no file numbers after all that have one.
    [Test]
    public void Special_tokens_without_a_number_get_the_next()
    {
        using var folder = new TemporaryFolder();
        Write(folder, Good());
        File.WriteAllText(folder.File("added_tokens.json"), """{"<x>": 4}""");
        File.WriteAllText(
            folder.File("special_tokens_map.json"),
            """{"bos_token": "<begin>", "pad_token": {"content": "<x>"}, "additional_special_tokens": ["<y>"]}"""
        );
        var tokenizer = Tokenizer.Load(folder.Path);

        Assert.That(tokenizer.Encode("<x><y>").Ids, Is.EqualTo(new[] { 5, 4, 6 }));
        Assert.That(tokenizer.Decode([4, 3, 6], skipSpecialTokens: true), Is.EqualTo("a"));
        Assert.That(tokenizer.VocabularySize, Is.EqualTo(7));
    }

    private static IEnumerable<TestCaseData> Faults()
    {
        yield return Fault([], "there are no pieces in it");
        yield return Fault(Good()[..^1], "are left. Was the file downloaded whole?");
        yield return Fault([.. Good(), 0x80], "in the middle of a number");
        yield return Fault([.. Good(), .. Enumerable.Repeat((byte)0xFF, 11)], "has more than ten bytes");
        yield return Fault([.. Good(), 0], "no field begins at byte");
        yield return Fault([.. Good(), 0x0B], "of wire type 3");
        yield return Fault([.. Good(), 0x08, 0x01], "field 1 at byte");
        yield return Fault([.. Good(), 0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], "claims 34359738367 bytes, but 0 are left");
        yield return Fault(Encoding.ASCII.GetBytes("IQ== 0\nIg== 1\n"), "a vocabulary of tiktoken, as Llama 3 has it");
        yield return Fault(Usual().Piece([0xC3]).ToArray(), "piece 3: the text at byte");
        yield return Fault(Usual().Piece("").ToArray(), "piece 3: it has no text");
        yield return Fault(Usual().Piece("a", float.NaN).ToArray(), "piece 3: the score of 'a' is not a finite number");
        yield return Fault(Usual().Piece("a", kind: 7).ToArray(), "piece 3: 'a' is of the kind 7");
        yield return Fault(Usual().Piece("<s>").ToArray(), "piece 3: '<s>' is piece 1 already");
        yield return Fault(Usual().Piece("b", kind: 2).ToArray(), "one piece for what is unknown, this one 2");
        yield return Fault(Usual().Bytes().ToArray(), "byte_fallback is false, and there are 256 pieces of bytes");
        yield return Fault(Usual().Training((35, 1)).ToArray(), "byte_fallback is true, and there are 0");
        yield return Fault(Usual().Training((3, 4)).ToArray(), "the algorithm 4 is not supported");
        yield return Fault(Usual().Training((24, 1)).ToArray(), "treat_whitespace_as_suffix is not supported");
        yield return Fault(Usual().Piece("a", kind: 5).Training((3, 2)).ToArray(), "unused pieces is not supported");
        yield return Fault(Usual().Normalization([1, 2, 3]).ToArray(), "the map of characters is cut off");
        yield return Fault(Usual().Normalization([1], isAfterwards: true).ToArray(), "a denormalizer is not supported");
    }

    [TestCaseSource(nameof(Faults))]
    public void A_fault_in_the_file_is_named(byte[] file, string message)
    {
        using var folder = new TemporaryFolder();
        Write(folder, file);

        Refused(folder, message, "tokenizer.model");
    }

    [TestCase(
        "tokenizer_config.json",
        """{"tokenizer_class": "XLMRobertaTokenizer"}""",
        "from a SentencePiece model is not known"
    )]
    [TestCase(
        "tokenizer_config.json",
        """{"added_tokens_decoder": {"x": "<x>"}}""",
        "$.added_tokens_decoder.x: its name is to be"
    )]
    [TestCase(
        "tokenizer_config.json",
        """{"added_tokens_decoder": {"7": {}}}""",
        "$.added_tokens_decoder.7.content: a text"
    )]
    [TestCase(
        "tokenizer_config.json",
        """{"added_tokens_decoder": {"7": "x", "8": "x"}}""",
        "'x' has the number 7 already"
    )]
    [TestCase("tokenizer_config.json", """{"bos_token": 3}""", "$.bos_token: a token, or an object")]
    [TestCase("added_tokens.json", """{"x": -1}""", "$.x: a token's number from 0")]
    [TestCase("added_tokens.json", """{"x": 7, "y": 7}""", "$.y: the number 7 is that of 'x' already")]
    [TestCase("special_tokens_map.json", "[]", "$: an object")]
    public void A_fault_in_the_files_beside_it_is_named(string name, string json, string message)
    {
        using var folder = new TemporaryFolder();
        Write(folder, Good());
        File.WriteAllText(folder.File(name), json);

        Refused(folder, message, name);
    }

    [Test]
    public void A_file_that_is_cut_off_is_refused()
    {
        using var folder = new TemporaryFolder();
        var file = Usual().Piece("ab", -1).Training((3, 2), (35, 0)).Normalization([], numbers: (4, 0)).ToArray();
        var read = Enumerable.Range(0, file.Length).Count(length => IsRead(folder, file[..length]));

        // A cut between two of the six messages leaves a file.
        Assert.That(read, Is.EqualTo(5));
    }

    private static bool IsRead(TemporaryFolder folder, byte[] file)
    {
        Write(folder, file);
        try
        {
            return Tokenizer.Load(folder.Path).Encode("ab").Ids.Length > 0;
        }
        catch (ModelFormatException)
        {
            return false;
        }
    }

    private static TestCaseData Fault(byte[] file, string message) =>
        new TestCaseData(file, message).SetArgDisplayNames(message);

    private static PieceModelWriter Usual() => new PieceModelWriter().Usual();

    private static byte[] Good() => Usual().Piece("▁a").ToArray();

    private static void Write(TemporaryFolder folder, byte[] file) =>
        File.WriteAllBytes(folder.File("tokenizer.model"), file);

    private static void Refused(TemporaryFolder folder, string message, string name) =>
        Assert.That(
            () => Tokenizer.Load(folder.Path),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains(message).And.Message.Contains(name)
        );

    private static void Alike(Tokenizer expected, Tokenizer actual, bool comparesOffsets)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(s_references, "t5", "encodings.json")));
        var texts = json.RootElement.GetProperty("cases").EnumerateArray().Select(item => item.GetProperty("text"));
        Assert.Multiple(() =>
        {
            foreach (var text in texts.Select(item => item.GetString()!))
            {
                var (one, other) = (expected.Encode(text, false), actual.Encode(text, false));
                Assert.That(other.Ids.ToArray(), Is.EqualTo(one.Ids.ToArray()), text);
                if (comparesOffsets)
                    Assert.That(other.Offsets, Is.EqualTo(one.Offsets), text);
                Assert.That(actual.Decode(other.Ids), Is.EqualTo(expected.Decode(one.Ids)), text);
            }
        });
    }

    private static string Vocabulary(SentencePieceFile file) =>
        JsonSerializer.Serialize(file.Pieces.Select((piece, id) => (piece.Text, id)).ToDictionary());

    private static string Added(SentencePieceFile file) =>
        JsonSerializer.Serialize(
            file.Pieces.Select(
                    (piece, id) =>
                        new
                        {
                            id,
                            content = piece.Text,
                            special = true,
                            piece.Kind,
                        }
                )
                .Where(piece => piece.Kind is PieceKind.Control or PieceKind.Unknown or PieceKind.UserDefined)
        );

    private static string Merges(SentencePieceFile file)
    {
        var pieces = file.Pieces.Where(piece => piece.Kind is PieceKind.Normal or PieceKind.UserDefined).ToList();
        var known = pieces.Select(piece => piece.Text).ToHashSet(StringComparer.Ordinal);
        return JsonSerializer.Serialize(
            pieces
                .OrderByDescending(piece => piece.Score)
                .SelectMany(piece =>
                    Enumerable
                        .Range(1, piece.Text.Length - 1)
                        .Select(cut => new[] { piece.Text[..cut], piece.Text[cut..] })
                )
                .Where(pair => known.Contains(pair[0]) && known.Contains(pair[1]))
        );
    }
}
