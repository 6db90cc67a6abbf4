using System.Text;
using OnnxIntervene.IR;
using OnnxIntervene.Json;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Json;

/// <summary>What is no JSON, or JSON with two meanings, is refused with its path before anything is read.</summary>
public sealed class JsonTextTests
{
    private static readonly JsonSource s_source = JsonSource.Request("The text");

    [TestCase("""{"a": 1, "a": 1}""", "$.a: the key stands twice")]
    [TestCase("""{"a": 1, "\u0061": 2}""", "$.a: the key stands twice")]
    [TestCase("""[0, {"b": {"c": [{"d": 1}, {"d": 1, "e": 2, "d": 3}]}}]""", "$[1].b.c[1].d: the key stands twice")]
    [TestCase("""{"": 1, "": 1}""", "$['']: the key stands twice")]
    [TestCase("""{"it's": 1, "it's": 1}""", "$['it\\'s']: the key stands twice")]
    [TestCase("""{"a": [1, {"b": tru}]}""", "is not JSON, at $.a[1].b:")]
    [TestCase("""{"a": [1, 2,]}""", "is not JSON, at $.a[1]:")]
    [TestCase("""{"a": 1} // b""", "is not JSON")]
    [TestCase("""{"a": NaN}""", "is not JSON, at $.a")]
    [TestCase("""{"a": [Infinity]}""", "is not JSON, at $.a")]
    [TestCase("""{"a": -}""", "is not JSON")]
    [TestCase("""{"a": 01}""", "is not JSON")]
    [TestCase("", "is not JSON, at $:")]
    [TestCase("{} {}", "is not JSON")]
    [TestCase("""{"a": ["\udfff"]}""", "not valid Unicode, at $.a[0]")]
    [TestCase("""{"a": {"b\ud800": 1}}""", "not valid Unicode, at $.a")]
    [TestCase("""{"a": "\ud800\u0041"}""", "not valid Unicode, at $.a")]
    public void A_text_is_checked_as_a_whole(string json, string message) =>
        Assert.That(
            () => JsonText.Parse(json, s_source),
            Throws.TypeOf<InterventionException>().With.Message.StartsWith("The text").And.Message.Contains(message)
        );

    [Test]
    public void The_same_key_may_stand_in_two_objects() =>
        Assert.That(JsonText.Parse("""[{"a": 1}, {"a": {"a": 2}}]""", s_source)[1]["a"]["a"].Integer(), Is.EqualTo(2));

    [Test]
    public void Nesting_is_limited()
    {
        var deep = new string('[', 64) + new string(']', 64);

        Assert.That(() => JsonText.Parse(deep, s_source), Throws.Nothing);
        Assert.That(
            () => JsonText.Parse($"[{deep}]", s_source),
            Throws.TypeOf<InterventionException>().With.Message.Contains("is not JSON")
        );
        Assert.That(
            () => JsonText.Parse(new string('[', 1_000_000), s_source),
            Throws.TypeOf<InterventionException>().With.Message.Contains("is not JSON")
        );
    }

    [Test]
    public void A_byte_order_mark_is_skipped_and_other_encodings_are_refused()
    {
        const string Json = """{"a": "é"}""";

        Assert.That(
            JsonText.Parse([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Json)], s_source)["a"].Text(),
            Is.EqualTo("é")
        );
        foreach (var encoding in new[] { Encoding.Unicode, Encoding.BigEndianUnicode, Encoding.UTF32, Encoding.Latin1 })
            Assert.That(
                () => JsonText.Parse([.. encoding.GetPreamble(), .. encoding.GetBytes(Json)], s_source),
                Throws.TypeOf<InterventionException>().With.Message.Contains("not JSON")
            );
    }

    [Test]
    public void Half_a_pair_in_a_text_of_this_process_is_refused() =>
        Assert.That(
            () => JsonText.Parse("[\"\ud800\"]", s_source),
            Throws.TypeOf<InterventionException>().With.Message.Contains("not valid Unicode")
        );

    [Test]
    public void A_file_beyond_the_limit_is_refused_unread()
    {
        using var folder = new TemporaryFolder();
        using (var file = File.Create(folder.File("large.json")))
            file.SetLength(FileLimits.Text + 1);

        Assert.That(
            () => JsonText.Read(folder.File("large.json"), s_source),
            Throws.TypeOf<InterventionException>().With.Message.Contains($"{FileLimits.Text + 1} bytes")
        );
    }
}
