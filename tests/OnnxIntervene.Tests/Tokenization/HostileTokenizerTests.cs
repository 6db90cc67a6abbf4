using OnnxIntervene.IR;
using OnnxIntervene.Testing;
using OnnxIntervene.Tokenization;

namespace OnnxIntervene.Tests.Tokenization;

/// <summary>A tokenizer's file costs what its tokens cost, and what it says wrong is named by its path.</summary>
public sealed class HostileTokenizerTests
{
    private const string Bert =
        """ "normalizer": {"type": "BertNormalizer"}, "pre_tokenizer": {"type": "BertPreTokenizer"}""";

    [TestCase(0, 1, 2, 10_000_000)]
    [TestCase(9_999_999, 3, 10_000_000, 5_000_000)]
    public void Memory_is_that_of_the_tokens_not_of_their_numbers(int unknown, int a, int b, int c)
    {
        using var folder = new TemporaryFolder();
        var vocabulary = $$"""{"[UNK]": {{unknown}}, "a": {{a}}, "##b": {{b}}, "c": {{c}}}""";
        Write(folder, Pieces($"\"vocab\": {vocabulary}"));
        Tokenizer.Load(folder.Path).Encode("warm");

        var before = GC.GetAllocatedBytesForCurrentThread();
        var tokenizer = Tokenizer.Load(folder.Path);

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1_000_000));
        Assert.That(tokenizer.Encode("ab c x").Ids, Is.EqualTo(new[] { a, b, c, unknown }));
        Assert.That(tokenizer.Decode([a, b, c]), Is.EqualTo("ab c"));
        Assert.That(tokenizer.TokenText(c), Is.EqualTo("c"));
    }

    [Test]
    public void Byte_pairs_cost_their_tokens_too()
    {
        using var folder = new TemporaryFolder();
        Write(folder, Pairs("""{"a": 10000000, "b": 1, "ab": 5000000}""", """["a b"]"""));
        Tokenizer.Load(folder.Path).Encode("warm");

        var before = GC.GetAllocatedBytesForCurrentThread();
        var tokenizer = Tokenizer.Load(folder.Path);

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1_000_000));
        Assert.That(tokenizer.Encode("aba").Ids, Is.EqualTo(new[] { 5000000, 10000000 }));
    }

    // Such tokens cannot be words; the library reads its vocabulary line by line.
    [Test]
    public void Tokens_with_line_breaks_do_not_shift_the_others()
    {
        using var folder = new TemporaryFolder();
        const string Vocabulary = """{"x\ny": 0, "": 1, "\r": 2, "[UNK]": 3, "a": 4}""";
        Write(folder, Pieces($"\"vocab\": {Vocabulary}"));

        Assert.That(Tokenizer.Load(folder.Path).Encode("a b").Ids, Is.EqualTo(new[] { 4, 3 }));
    }

    [TestCase("""{"a": 0, "b": 0}""", "[]", "$.model.vocab.b: another token has the number 0")]
    [TestCase("""{"a": -1}""", "[]", "$.model.vocab.a: a token's number from 0")]
    [TestCase("""{"a": 10000001}""", "[]", "$.model.vocab.a: a token's number from 0 to 10000000")]
    [TestCase("""{"a": "0"}""", "[]", "$.model.vocab.a: a token's number")]
    [TestCase("{}", "[]", "$.model.vocab: the vocabulary is empty")]
    [TestCase("[]", "[]", "$.model.vocab: an object of tokens")]
    [TestCase(
        """{"a": 0, "b": 1, "ab": 2}""",
        """["a b", ["a", "b"]]""",
        "$.model.merges[1]: the merge 'a b' stands twice"
    )]
    [TestCase("""{"a": 0, "b": 1}""", """["a b"]""", "$.model.merges[0]: the merge 'a b' is not of tokens")]
    [TestCase("""{"a": 0}""", """[["a", 1]]""", "$.model.merges[0][1]: a text")]
    [TestCase("""{"a": 0}""", """[["a"]]""", "$.model.merges[0]: a pair of tokens")]
    [TestCase("""{"a": 0}""", "{}", "$.model.merges: a list")]
    public void A_fault_in_byte_pairs_is_named(string vocabulary, string merges, string message) =>
        Refused(Pairs(vocabulary, merges), message);

    [TestCase(
        """[{"id": 1, "content": "x"}, {"id": 1, "content": "y"}]""",
        "$.added_tokens[1]: the number 1 is that of 'x'"
    )]
    [TestCase("""[{"id": 1, "content": "x"}, {"id": 2, "content": "x"}]""", "$.added_tokens[1]: 'x' has the number 1")]
    [TestCase("""[{"content": "x"}]""", "$.added_tokens[0].id: a token's number is expected, but it is left out")]
    [TestCase("""[{"id": -5, "content": "x"}]""", "$.added_tokens[0].id")]
    [TestCase("""[{"id": 1, "content": ""}]""", "$.added_tokens[0].content")]
    [TestCase("""[{"id": 1, "content": "x", "special": "yes"}]""", "$.added_tokens[0].special: true or false")]
    [TestCase("[[]]", "$.added_tokens[0]: an object")]
    [TestCase("{}", "$.added_tokens: a list of tokens")]
    public void A_fault_in_added_tokens_is_named(string added, string message) =>
        Refused(Pairs("""{"a": 0}""", "[]")[..^1] + $$""", "added_tokens": {{added}}}""", message);

    [Test]
    public void An_added_token_may_be_listed_twice_alike()
    {
        using var folder = new TemporaryFolder();
        const string Added = """[{"id": 1, "content": "<x>"}, {"id": 1, "content": "<x>"}]""";
        Write(folder, Pairs("""{"a": 0}""", "[]")[..^1] + $$""", "added_tokens": {{Added}}}""");

        Assert.That(Tokenizer.Load(folder.Path).Encode("a<x>").Ids, Is.EqualTo(new[] { 0, 1 }));
    }

    [TestCase("1e10")]
    [TestCase("0")]
    [TestCase("-1")]
    [TestCase("2147483648")]
    [TestCase("\"100\"")]
    public void A_longest_word_that_is_no_length_is_refused(string longest) =>
        Refused(
            Pieces($$""" "vocab": {"[UNK]": 0}, "max_input_chars_per_word": {{longest}} """),
            "$.model.max_input_chars_per_word"
        );

    [Test]
    public void A_longest_word_takes_no_memory()
    {
        using var folder = new TemporaryFolder();
        Write(folder, Pieces(""" "vocab": {"[UNK]": 0, "a": 1}, "max_input_chars_per_word": 2147483647 """));
        var tokenizer = Tokenizer.Load(folder.Path);

        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.That(tokenizer.Encode("a b").Ids, Is.EqualTo(new[] { 1, 0 }));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1_000_000));
    }

    // 1,000 times 1,000 numbers out of a file of 40 kB.
    [Test]
    public void A_template_cannot_multiply_its_tokens()
    {
        var pieces = string.Join(",", Enumerable.Repeat("""{"SpecialToken": {"id": "a"}}""", 1000));
        var ids = string.Join(",", Enumerable.Repeat("0", 1000));

        Refused(
            Pairs("""{"a": 0}""", "[]")[..^1]
                + $$$""", "post_processor": {"type": "TemplateProcessing", "single": [{{{pieces}}}], "special_tokens": {"a": {"ids": [{{{ids}}}]} } } }""",
            "more than 1024 tokens"
        );
    }

    [TestCase("[]", "$: an object")]
    [TestCase("""{"do_lower_case": 1}""", "$.do_lower_case: true or false")]
    [TestCase("{", "is not JSON")]
    public void The_configuration_beside_a_vocabulary_is_read_as_strictly(string config, string message)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("vocab.txt"), "[UNK]\n[CLS]\n[SEP]\na\n");
        File.WriteAllText(folder.File("tokenizer_config.json"), config);

        Assert.That(
            () => Tokenizer.Load(folder.Path),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains(message)
        );
    }

    [Test]
    public void A_merge_that_stands_twice_in_a_file_of_lines_is_named_by_its_line()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("vocab.json"), """{"a": 0, "b": 1, "ab": 2}""");
        File.WriteAllText(folder.File("merges.txt"), "#version: 0.2\na b\n\na b\n");

        Assert.That(
            () => Tokenizer.Load(folder.Path),
            Throws
                .TypeOf<ModelFormatException>()
                .With.Message.Contains("merges.txt', line 4: the merge 'a b' stands twice")
        );
    }

    [Test]
    public void Lines_that_are_no_UTF8_are_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("vocab.txt"), [(byte)'a', 0xFF, (byte)'\n']);

        Assert.That(
            () => Tokenizer.Load(folder.Path),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("is not UTF-8")
        );
    }

    [TestCase("[a[b]]", "'a set in a set' in a regular expression is not supported")]
    [TestCase("[a&&b]", "'&&' in a regular expression is not supported")]
    [TestCase("(?m:a)", "'the option m' in a regular expression is not supported")]
    [TestCase("a++", "the regular expression is not supported")]
    [TestCase("(", "the regular expression is not supported")]
    [TestCase("\\\\p{Han}", "the regular expression is not supported")]
    public void A_regular_expression_that_means_something_else_here_is_refused(string pattern, string message) =>
        Refused(Split(pattern), "$.pre_tokenizer.pattern.Regex: " + message);

    [Test]
    public void A_regular_expression_without_end_is_ended()
    {
        using var folder = new TemporaryFolder();
        Write(folder, Split("(a+)+$"));
        var tokenizer = Tokenizer.Load(folder.Path);

        Assert.That(
            () => tokenizer.Encode(new string('a', 60) + "!"),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("takes too long on a text of 61 characters")
        );
    }

    [Test]
    public void A_normalizer_cannot_multiply_a_text()
    {
        using var folder = new TemporaryFolder();
        var replace = $$"""{"type": "Replace", "pattern": {"String": "a"}, "content": "{{new string('a', 1000)}}"}""";
        Write(
            folder,
            Pairs("""{"a": 0}""", "[]")[..^1]
                + $$""", "normalizer": {"type": "Sequence", "normalizers": [{{replace}}, {{replace}}, {{replace}}]} }"""
        );

        Assert.That(
            () => Tokenizer.Load(folder.Path).Encode("aaaaaaaaaa"),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("$.normalizer.normalizers[0]")
        );
    }

    [TestCase("AAAA", "the map of characters is cut off")]
    [TestCase("//8=", "the map of characters is cut off")]
    [TestCase("?", "a map of characters is expected in base 64")]
    public void A_broken_map_of_characters_is_refused(string map, string message) =>
        Refused(
            Pairs("""{"a": 0}""", "[]")[..^1]
                + $$""", "normalizer": {"type": "Precompiled", "precompiled_charsmap": "{{map}}"} }""",
            message
        );

    private static string Split(string pattern) =>
        $$$"""{"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "{{{pattern}}}"}, "behavior": "Isolated"}, "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}""";

    private static string Pieces(string model) => $$$"""{{{{Bert}}}, "model": {"type": "WordPiece", {{{model}}} }}""";

    private static string Pairs(string vocabulary, string merges) =>
        $$$"""{"pre_tokenizer": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {{{vocabulary}}}, "merges": {{{merges}}} }}""";

    private static void Write(TemporaryFolder folder, string json) =>
        File.WriteAllText(folder.File("tokenizer.json"), json);

    private static void Refused(string json, string message)
    {
        using var folder = new TemporaryFolder();
        Write(folder, json);

        Assert.That(
            () => Tokenizer.Load(folder.Path),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains(message).And.Message.Contains("tokenizer.json")
        );
    }
}
