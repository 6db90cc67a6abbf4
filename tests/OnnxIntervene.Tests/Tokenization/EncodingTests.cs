using System.Text;
using System.Text.Json;
using OnnxIntervene.Testing;
using OnnxIntervene.Tokenization;

namespace OnnxIntervene.Tests.Tokenization;

/// <summary>
/// Every string of every <c>encodings.json</c> of the references, which Hugging Face's tokenizers encoded.
/// </summary>
public sealed class EncodingTests
{
    public static IEnumerable<TestCaseData> Encodings()
    {
        string[] roots = RepositoryPaths.Shared is { } shared
            ? [RepositoryPaths.OwnReferences, Path.Combine(shared, "oracle")]
            : [RepositoryPaths.OwnReferences];
        return roots
            .SelectMany(root =>
                Directory
                    .EnumerateFiles(root, "encodings.json", SearchOption.AllDirectories)
                    .Select(file => (root, file))
            )
            .DistinctBy(found => Path.GetRelativePath(found.root, found.file))
            .Select(found =>
                new TestCaseData(found.file, TokenizerFolder(found.file)).SetArgDisplayNames(
                    Path.GetRelativePath(found.root, found.file)
                )
            )
            .Concat(RepositoryPaths.Shared is null ? new TestCaseData[] { WithoutLargeModel() } : []);
    }

    // The large model does not travel with the repository.
    private static IgnoredTestCaseData WithoutLargeModel() =>
        new TestCaseData("", "")
            .SetArgDisplayNames("smollm2")
            .Ignore("The folder 'shared' with the large model is not beside the repository.");

    [TestCaseSource(nameof(Encodings))]
    public void Every_string_is_encoded_and_decoded_as_by_the_reference(string file, string folder)
    {
        var tokenizer = Tokenizer.Load(folder);
        var cases = Cases(file);

        Assert.That(cases, Is.Not.Empty);
        Assert.Multiple(() =>
        {
            foreach (var item in cases)
                Check(tokenizer, item);
        });

        // Some references were decoded with special tokens left out, some with them: each file keeps to one way.
        Assert.That(
            cases.Select(item => item.GetProperty("decoded").GetString()),
            Is.EqualTo(Decoded(tokenizer, cases, false)).Or.EqualTo(Decoded(tokenizer, cases, true))
        );
    }

    private static List<string> Decoded(Tokenizer tokenizer, List<JsonElement> cases, bool skipSpecialTokens) =>
        cases.ConvertAll(item => tokenizer.Decode(Integers(item.GetProperty("ids")), skipSpecialTokens));

    private static void Check(Tokenizer tokenizer, JsonElement item)
    {
        var text = item.GetProperty("text").GetString()!;
        var ids = Integers(item.GetProperty("ids"));
        Assert.That(tokenizer.Encode(text, addSpecialTokens: false).Ids, Is.EqualTo(ids), text);
        Assert.That(tokenizer.Encode(text).Ids, Is.EqualTo(Integers(item.GetProperty("with_special"))), text);
        if (item.TryGetProperty("skipped", out var skipped))
            Assert.That(
                tokenizer.Decode(Integers(item.GetProperty("with_special")), skipSpecialTokens: true),
                Is.EqualTo(skipped.GetString()),
                text
            );
        if (!item.TryGetProperty("offsets", out var offsets))
            return;
        var expected = offsets
            .EnumerateArray()
            .Select(pair => (Utf16(text, pair[0].GetInt32()), Utf16(text, pair[1].GetInt32())));
        Assert.That(tokenizer.Encode(text).Offsets.Select(span => (span.Start, span.End)), Is.EqualTo(expected), text);
    }

    // The references count code points.
    private static int Utf16(string text, int codePoints) =>
        text.EnumerateRunes().Take(codePoints).Sum(rune => rune.Utf16SequenceLength);

    private static int[] Integers(JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetInt32())];

    private static List<JsonElement> Cases(string file)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(file, Encoding.UTF8));
        return [.. json.RootElement.GetProperty("cases").EnumerateArray().Select(item => item.Clone())];
    }

    // Beside the strings; or a folder beside their own folder; or the default model.
    private static string TokenizerFolder(string file)
    {
        var own = Path.GetDirectoryName(file)!;
        if (Tokenizer.ExistsIn(own))
            return own;
        var beside = Directory
            .EnumerateDirectories(Path.GetDirectoryName(own)!)
            .FirstOrDefault(folder => Tokenizer.ExistsIn(folder) && Path.GetFileName(own) == "goldens");
        return beside ?? RepositoryPaths.DefaultModel;
    }
}
