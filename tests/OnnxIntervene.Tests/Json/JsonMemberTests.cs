using System.Text;
using OnnxIntervene.Json;

namespace OnnxIntervene.Tests.Json;

/// <summary>A member gets another value where it stands, and nothing else of the text changes.</summary>
public sealed class JsonMemberTests
{
    private const string Text = """
        // "heads": 4, in { a comment
        {
            "note": "\"heads\": 4 {",   "text_config" : { "heads" : 4 },
          "list": [ { "heads": 4 }, "heads" ],
          "he\u0061ds" :  4  , /* "heads": 4 */
          "model": { "decoder": { "name": "heads", "heads":4}, "heads": null },
        }
        """;

    [Test]
    public void A_number_is_replaced_where_it_stands() =>
        Assert.That(
            Set(Text, "12", "heads"),
            Is.EqualTo(Text.Replace(":  4  ,", ":  12  ,", StringComparison.Ordinal))
        );

    [Test]
    public void A_nested_member_is_found_by_its_path()
    {
        Assert.That(
            Set(Text, "2", "model", "decoder", "heads"),
            Is.EqualTo(Text.Replace("\"heads\":4}", "\"heads\":2}", StringComparison.Ordinal))
        );
        Assert.That(
            Set(Text, "[1]", "model", "heads"),
            Is.EqualTo(Text.Replace("\"heads\": null", "\"heads\": [1]", StringComparison.Ordinal))
        );
        Assert.That(
            Set(Text, "0", "model", "decoder"),
            Is.EqualTo(Text.Replace("{ \"name\": \"heads\", \"heads\":4}", "0", StringComparison.Ordinal))
        );
    }

    [Test]
    public void A_member_that_is_missing_becomes_the_first()
    {
        Assert.That(Set("""{"a": 1}""", "2", "b"), Is.EqualTo("{\n  \"b\": 2,\"a\": 1}"));
        Assert.That(Set("""{"a": {}}""", "2", "a", "b"), Is.EqualTo("{\"a\": {\n    \"b\": 2\n}}"));
        Assert.That(Set("\uFEFF/*{*/{}", "2", "b"), Is.EqualTo("\uFEFF/*{*/{\n  \"b\": 2\n}"));
    }

    [TestCase("[]", "a")]
    [TestCase("""{"a": 1}""", "a", "b")]
    [TestCase("""{"a": 1}""", "b", "c")]
    public void An_object_that_is_not_there_is_refused(string text, params string[] path) =>
        Assert.That(() => Set(text, "2", path), Throws.ArgumentException);

    private static string Set(string text, string json, params string[] path) =>
        Encoding.UTF8.GetString(JsonMember.Set(Encoding.UTF8.GetBytes(text), path, json));
}
