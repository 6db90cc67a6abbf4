using System.Text;
using OnnxIntervene.Components.Configuration;
using OnnxIntervene.Components.MapFiles;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions.Files;
using OnnxIntervene.IR;
using OnnxIntervene.Planning.Files;
using OnnxIntervene.Templates;
using OnnxIntervene.Testing;
using OnnxIntervene.Tokenization;

namespace OnnxIntervene.Tests.Json;

/// <summary>
/// Whatever file holds JSON: any value in the place of any other, a key twice and half a surrogate pair end in a
/// documented exception.
/// </summary>
public sealed class EveryReaderTests
{
    private static readonly string[] s_wrong =
    [
        "null",
        "true",
        "-1",
        "2147483648",
        "-2147483648",
        "1e400",
        "3e38",
        "0.5",
        "\"\"",
        "\"\\ud800\"",
        "[]",
        "[[]]",
        "[null]",
        "{}",
        "{\"a\": 1, \"a\": 2}",
    ];

    private static readonly (string File, string Json, Action<string> Read)[] s_readers =
    [
        (
            "run.json",
            """{"mode": "serial", "interventions": [{"kind": "Addition", "component": "x", "layer": [0, 1], "positions": [[-1]], "heads": [[0], [1]], "source_positions": {"tokens_of": "a"}, "source_heads": 0, "unit": "h.pos", "subspace": [[0]], "partition": [[0, 2]], "source": [[1, 2]], "coefficient": [1, 2], "rank": 1, "units": 2, "group": 0, "link": 1, "description": "d"}]}""",
            path => RunFile.Read(path)
        ),
        (
            "config.json",
            """{"representations": [[1, "x", "pos", 1, 2, null, null, [[0, 1]], 0, 0, 0, [[1]], null, 4]], "sorted_keys": ["a"], "intervention_types": ["VanillaIntervention"], "intervention_dimensions": [[0]], "mode": "parallel"}""",
            path => InterventionFolder.Load(Path.GetDirectoryName(path)!)
        ),
        (
            "pyvene.json",
            """{"representations": [{"layer": 1, "unit": "h.pos"}], "unit_locations": {"sources->base": [[[[[0]], [[1]]]], [[[[0]], [[1]]]]]}, "subspaces": [[[0]]], "coefficients": [[1, 2]], "source_representations": [[1]], "parameters": [null]}""",
            path => RunFile.Read(path)
        ),
        (
            "map.json",
            """{"model": "m", "components": [{"layer": 0, "component": "x", "tensor": "t", "range": [0, 4], "width": 4, "heads": 2, "unit": "pos", "reason": "r", "candidates": []}]}""",
            path => ComponentMapFile.Read(path)
        ),
        (
            "config.json",
            """{"num_hidden_layers": 2, "is_encoder_decoder": true, "id2label": {"0": "a"}, "hidden_size": 4}""",
            path => ModelConfigurationReader.Read(path)
        ),
        (
            "genai_config.json",
            """{"model": {"decoder": {"filename": "genai_config.json", "head_size": 4, "hidden_size": 8}}}""",
            path => ModelConfigurationReader.Read(path)
        ),
        (
            "adapter_config.json",
            """{"peft_type": "LORA", "lora_alpha": 8, "bias": "none", "use_rslora": false, "alpha_pattern": {"a": 1}, "use_dora": false}""",
            path => LoraConfig.Read(path)
        ),
        (
            "tokenizer.json",
            """{"normalizer": {"type": "Sequence", "normalizers": [{"type": "Replace", "pattern": {"String": " "}, "content": "_"}, {"type": "NFKC"}, {"type": "Strip", "strip_left": true}]}, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "a+"}, "behavior": "Isolated", "invert": false}, {"type": "Metaspace", "replacement": "_", "prepend_scheme": "first", "split": true}]}, "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"Regex": "_"}, "content": " "}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}, "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["a", -1.5]], "byte_fallback": true}}""",
            path => Tokenizer.Load(Path.GetDirectoryName(path)!).Encode("ab <x>")
        ),
        (
            "tokenizer_config.json",
            """{"chat_template": [{"name": "default", "template": "a"}], "bos_token": {"content": "<s>"}, "eos_token": "</s>"}""",
            path => ChatTemplate.Read(Path.GetDirectoryName(path)!).Render([])
        ),
        (
            "tokenizer.json",
            """{"added_tokens": [{"id": 3, "content": "<x>", "special": true, "lstrip": false, "rstrip": false}], "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "a"}}, {"Sequence": {}}], "special_tokens": {"a": {"ids": [0]}}}, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true}, {"type": "ByteLevel", "use_regex": true, "add_prefix_space": false}]}, "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]], "byte_fallback": false}}""",
            path => Tokenizer.Load(Path.GetDirectoryName(path)!).Encode("ab <x>")
        ),
        (
            "tokenizer.json",
            """{"normalizer": {"type": "BertNormalizer", "lowercase": true, "strip_accents": null, "clean_text": true, "handle_chinese_chars": true}, "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": {"type": "BertProcessing", "cls": ["a", 1], "sep": ["b", 2]}, "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": {"[UNK]": 0, "a": 1, "##b": 2}}}""",
            path => Tokenizer.Load(Path.GetDirectoryName(path)!).Encode("ab c")
        ),
    ];

    private static IEnumerable<TestCaseData> Readers() =>
        s_readers.Select((reader, index) => new TestCaseData(index).SetName($"Values of {reader.File} {index}"));

    [TestCaseSource(nameof(Readers))]
    public void Any_value_may_stand_in_the_place_of_any_other(int reader)
    {
        var (name, json, read) = s_readers[reader];
        using var folder = new TemporaryFolder();
        foreach (var mutant in Mutants(json))
        {
            File.WriteAllText(folder.File(name), mutant);
            try
            {
                read(folder.File(name));
            }
            catch (Exception fault) when (fault is InterventionException or ModelFormatException)
            {
                Assert.That(fault.Message, Has.Length.LessThan(2000));
            }
            catch (Exception fault)
            {
                Assert.Fail($"{mutant}{Environment.NewLine}{fault}");
            }
        }
    }

    [TestCaseSource(nameof(Readers))]
    public void A_key_twice_and_half_a_pair_are_refused_with_their_path(int reader)
    {
        var (name, json, read) = s_readers[reader];
        using var folder = new TemporaryFolder();
        foreach (
            var (tail, message) in new[]
            {
                (", \"k\": 1, \"k\": 1}", "$.k: the key stands twice"),
                (", \"k\": \"\\ud800\"}", "at $.k"),
            }
        )
        {
            File.WriteAllText(folder.File(name), json[..^1] + tail);

            Assert.That(
                () => read(folder.File(name)),
                Throws
                    .TypeOf<InterventionException>()
                    .Or.TypeOf<ModelFormatException>()
                    .With.Message.Contains(message)
                    .And.Message.Contains(name)
            );
        }
    }

    // Each value of a text, replaced by each of the wrong ones, and left out with its key.
    private static IEnumerable<string> Mutants(string json)
    {
        foreach (var (start, end) in Values(json))
        {
            foreach (var wrong in s_wrong)
                yield return json[..start] + wrong + json[end..];
        }
    }

    private static List<(int Start, int End)> Values(string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        var reader = new System.Text.Json.Utf8JsonReader(bytes);
        var (open, found) = (new Stack<int>(), new List<(int, int)>());
        while (reader.Read())
        {
            var (start, end) = ((int)reader.TokenStartIndex, (int)reader.BytesConsumed);
            switch (reader.TokenType)
            {
                case System.Text.Json.JsonTokenType.StartObject or System.Text.Json.JsonTokenType.StartArray:
                    open.Push(start);
                    break;
                case System.Text.Json.JsonTokenType.EndObject or System.Text.Json.JsonTokenType.EndArray:
                    found.Add((open.Pop(), end));
                    break;
                case System.Text.Json.JsonTokenType.PropertyName:
                    break;
                default:
                    found.Add((start, end));
                    break;
            }
        }

        return found;
    }
}
