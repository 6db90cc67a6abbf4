using CsCheck;
using OnnxIntervene.IR;
using OnnxIntervene.Testing;
using OnnxIntervene.Tokenization;

namespace OnnxIntervene.Tests.Tokenization;

public sealed class TokenizerTests
{
    private static readonly Tokenizer s_tokenizer = Tokenizer.Load(RepositoryPaths.DefaultModel);

    [Test]
    public void Decoding_an_encoded_text_gives_the_text() =>
        Gen.String[Gen.OneOf(Gen.Char[' ', '~'], Gen.Char['\u00A0', '\u2FFF'], Gen.Char['\t', '\r'])]
            .Sample(
                text => s_tokenizer.Decode(s_tokenizer.Encode(text, addSpecialTokens: false).Ids) == text,
                iter: 2000
            );

    [Test]
    public void Offsets_cover_the_text_from_start_to_end() =>
        Gen.String[Gen.Char[' ', '~']]
            .Where(text => text.Length > 0)
            .Sample(
                text =>
                {
                    var offsets = s_tokenizer.Encode(text, addSpecialTokens: false).Offsets;
                    return offsets[0].Start == 0
                        && offsets[^1].End == text.Length
                        && offsets.Zip(offsets.Skip(1)).All(pair => pair.First.End == pair.Second.Start);
                },
                iter: 1000
            );

    [Test]
    public void A_text_that_is_one_token_is_found_and_another_is_not()
    {
        var token = s_tokenizer.FindToken(" the");

        Assert.That(token, Is.Not.Null);
        Assert.That(s_tokenizer.TokenText(token!.Value), Is.EqualTo(" the"));
        Assert.That(s_tokenizer.FindToken(" the the"), Is.Null);
    }

    [Test]
    public void A_special_token_inside_a_text_stays_one_token() =>
        Assert.That(
            s_tokenizer.Encode("a<|endoftext|>b", addSpecialTokens: false).Ids,
            Has.Length.EqualTo(3).And.Some.EqualTo(0)
        );

    [Test]
    public void A_folder_without_a_tokenizer_says_what_was_looked_for()
    {
        using var folder = new TemporaryFolder();

        Assert.That(
            () => Tokenizer.Load(folder.Path),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("tokenizer.json")
        );
    }

    [TestCase("""{"model": {"type": "Odd"}}""", "\"Odd\"")]
    [TestCase("""{"model": {"type": "BPE"}, "pre_tokenizer": {"type": "UnicodeScripts"}}""", "UnicodeScripts")]
    [TestCase(
        """{"model": {"type": "BPE"}, "normalizer": {"type": "Sequence", "normalizers": [{"type": "Odd"}]}}""",
        "$.normalizer.normalizers[0]"
    )]
    [TestCase("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}, "decoder": {"type": "CTC"}}""", "CTC")]
    [TestCase("""{"model": {"type": "BPE"}, "post_processor": {"type": "Odd"}}""", "Odd")]
    public void A_kind_that_is_not_supported_is_named_with_those_that_are(string json, string kind)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("tokenizer.json"), json);

        Assert.That(
            () => Tokenizer.Load(folder.Path),
            Throws
                .TypeOf<ModelFormatException>()
                .With.Message.Contains(kind)
                .And.Message.Contains("Supported: byte-level BPE")
        );
    }

    [TestCase("{")]
    [TestCase("[]")]
    [TestCase(
        "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": -1}, \"merges\": []}, \"pre_tokenizer\": {\"type\": "
            + "\"ByteLevel\"}}"
    )]
    [TestCase(
        "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [\"a b\"]}, \"pre_tokenizer\": "
            + "{\"type\": \"ByteLevel\"}}"
    )]
    [TestCase(
        "{\"model\": {\"type\": \"BPE\", \"vocab\": [], \"merges\": [3]}, \"pre_tokenizer\": {\"type\": \"ByteLevel\"}}"
    )]
    public void A_malformed_file_is_refused_by_name(string json)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("tokenizer.json"), json);

        Assert.That(
            () => Tokenizer.Load(folder.Path),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("tokenizer.json")
        );
    }
}
