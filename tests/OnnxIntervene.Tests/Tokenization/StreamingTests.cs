using System.Text;
using OnnxIntervene.Testing;
using OnnxIntervene.Tokenization;

namespace OnnxIntervene.Tests.Tokenization;

public sealed class StreamingTests
{
    private static readonly string s_references = Path.Combine(RepositoryPaths.OwnReferences, "tokenizers");

    public static IEnumerable<string> Families() =>
        Directory.EnumerateDirectories(s_references).Select(folder => Path.GetFileName(folder)).Order();

    [TestCaseSource(nameof(Families))]
    public void Tokens_one_by_one_give_the_text_of_all_at_once(string family)
    {
        var tokenizer = Tokenizer.Load(Path.Combine(s_references, family));
        const string Text = "It's 東京, naïve 🙂👩\u200d👩!\n\n  Two  spaces \t<s>x</s> ½ end ";
        var ids = tokenizer.Encode(Text).Ids;
        // Half characters too: every second token is left out.
        int[][] cases =
        [
            [.. ids],
            [.. ids.Where((_, index) => index % 2 == 0)],
            [.. ids.Reverse()],
        ];

        Assert.Multiple(() =>
        {
            foreach (var tokens in cases)
            foreach (var skips in new[] { true, false })
                Assert.That(Streamed(tokenizer, tokens, skips), Is.EqualTo(tokenizer.Decode(tokens, skips)));
        });
    }

    [Test]
    public void Half_a_character_is_held_back()
    {
        var tokenizer = Tokenizer.Load(Path.Combine(s_references, "llama3"));
        var decoder = new StreamingDecoder(tokenizer);
        var bytes = tokenizer.Encode("🙂", addSpecialTokens: false).Ids;

        var parts = bytes.Select(id => decoder.Append(id)).ToList();

        Assert.That(bytes, Has.Length.GreaterThan(1));
        Assert.That(parts[..^1], Is.All.Empty);
        Assert.That(parts[^1], Is.EqualTo("🙂"));
        Assert.That(decoder.Flush(), Is.Empty);
    }

    [Test]
    public void What_is_left_at_the_end_is_given_and_another_text_begins()
    {
        var tokenizer = Tokenizer.Load(Path.Combine(s_references, "llama3"));
        var decoder = new StreamingDecoder(tokenizer);
        var ids = tokenizer.Encode("🙂", addSpecialTokens: false).Ids;

        decoder.Append(ids[0]);

        Assert.That(decoder.Flush(), Is.EqualTo("\uFFFD"));
        Assert.That(decoder.Append(tokenizer.FindToken("a")!.Value), Is.EqualTo("a"));
        Assert.That(decoder.Append(-1) + decoder.Append(long.MaxValue), Is.Empty);
    }

    [TestCase(PaddingSide.Right)]
    [TestCase(PaddingSide.Left)]
    public void A_batch_has_each_text_by_its_mask(PaddingSide side)
    {
        var tokenizer = Tokenizer.Load(Path.Combine(s_references, "gemma"));
        string[] texts = ["The Eiffel Tower", "a", "The Space Needle is in downtown"];

        var batch = tokenizer.EncodeBatch(texts, new BatchOptions { Side = side });

        var width = texts.Max(text => tokenizer.Encode(text).Ids.Length);
        Assert.That(batch.InputIds.Shape, Is.EqualTo(new[] { 3, width }));
        Assert.That(batch.AttentionMask.Shape, Is.EqualTo(batch.InputIds.Shape));
        for (var row = 0; row < texts.Length; row++)
        {
            var own = tokenizer.Encode(texts[row]).Ids;
            var (first, places) = (batch.FirstPosition(row), Enumerable.Range(row * width, width).ToArray());
            var kept = places.Where(place => batch.AttentionMask.Integers[place] == 1).ToArray();
            Assert.That(first, Is.EqualTo(side == PaddingSide.Left ? width - own.Length : 0));
            Assert.That(kept, Is.EqualTo(Enumerable.Range((row * width) + first, own.Length)));
            Assert.That(kept.Select(place => (int)batch.InputIds.Integers[place]), Is.EqualTo(own));
            Assert.That(places.Except(kept).Select(place => batch.InputIds.Integers[place]), Is.All.EqualTo(0));
        }
    }

    [Test]
    public void A_batch_without_texts_is_refused() =>
        Assert.That(
            () => Tokenizer.Load(Path.Combine(s_references, "gemma")).EncodeBatch([]),
            Throws.ArgumentException.With.Message.Contains("at least one text")
        );

    private static string Streamed(Tokenizer tokenizer, IEnumerable<int> tokens, bool skips)
    {
        var (decoder, text) = (new StreamingDecoder(tokenizer, skips), new StringBuilder());
        foreach (var token in tokens)
            text.Append(decoder.Append(token));
        return text.Append(decoder.Flush()).ToString();
    }
}
