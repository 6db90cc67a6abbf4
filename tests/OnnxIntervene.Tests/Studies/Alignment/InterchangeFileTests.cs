using System.Collections.Immutable;
using OnnxIntervene.CausalModels;
using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Alignment;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Studies.Alignment;

public sealed class InterchangeFileTests
{
    private const string Line =
        """{"base": "A young salmon is called a", "source": "A young elephant is called a", "label": " calf","""
        + """ "base_label": " fry", "positions": {"verb": "called", "end": -1},"""
        + """ "source_positions": {"animal": "elephant"}}""";

    private LoadedModel _model = null!;
    private TemporaryFolder _folder = null!;

    [OneTimeSetUp]
    public void Load()
    {
        _model = LoadedModel.Load(RepositoryPaths.DefaultModel, new ExecutionOptions { Threads = 1 });
        _folder = new TemporaryFolder();
    }

    [OneTimeTearDown]
    public void Close()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void A_line_is_texts_with_tokens_labels_and_named_positions()
    {
        var example = Read(Line).Examples[0];

        Assert.That(example.Base.Text!.Text, Is.EqualTo("A young salmon is called a"));
        Assert.That(_model.TokenText(example.Label), Is.EqualTo(" calf"));
        Assert.That(_model.TokenText(example.BaseLabel!.Value), Is.EqualTo(" fry"));
        Assert.That(example.IsAnswerChanged, Is.True);
        foreach (var input in new[] { example.Base, example.Sources[0]! })
        {
            Assert.That(input.Text!.TextOf(input.Positions["verb"]), Is.EqualTo("called"));
            Assert.That(ExamplePosition.Parse("end").In(input), Is.EqualTo(input.Inputs.Length - 1));
            Assert.That(ExamplePosition.Parse("last").In(input), Is.EqualTo(input.Inputs.Length - 1));
            Assert.That(ExamplePosition.Parse("-2").In(input), Is.EqualTo(input.Inputs.Length - 2));
        }

        Assert.That(example.Sources[0]!.Text!.TextOf(example.Sources[0]!.Positions["animal"]), Is.EqualTo("elephant"));
        Assert.That(() => ExamplePosition.Named("animal").In(example.Base), Throws.InstanceOf<InterventionException>());
    }

    [Test]
    public void A_token_that_does_not_exist_is_named_with_its_line() =>
        Assert.That(
            () => Read("""{"base_ids": [1, 99999999], "source_ids": [4, 5], "label_id": 7}"""),
            Throws.InstanceOf<InterventionException>().With.Message.Contains("line 1").And.Message.Contains("99999999")
        );

    [Test]
    public void Ids_may_stand_in_place_of_texts_and_null_skips_a_source()
    {
        var example = Read("""{"base_ids": [1, 2, 3], "sources": [null, [4, 5, 6]], "label_id": 7}""").Examples[0];

        Assert.That(example.Base.Inputs.Tokens.Integers.ToArray(), Is.EqualTo(new[] { 1, 2, 3 }));
        Assert.That(example.Sources[0], Is.Null);
        Assert.That(example.Sources[1]!.Inputs.Tokens.Integers.ToArray(), Is.EqualTo(new[] { 4, 5, 6 }));
        Assert.That((example.Label, example.BaseLabel), Is.EqualTo((7, (int?)null)));
    }

    [TestCase("\" calf\"", "\" no such\"", "line 2", "not one token")]
    [TestCase("\"called\"", "\"shouted\"", "line 2", "'shouted' is not in the prompt")]
    [TestCase("\"end\": -1", "\"end\": 90", "line 2", "position 90")]
    [TestCase("\"source\":", "\"sauce\":", "line 2, $.sauce", "no such field")]
    [TestCase("\"label\": \" calf\", ", "", "line 2", "\"label\" is left out")]
    [TestCase("\"label\": \" calf\"", "\"label_id\": 99999999", "line 2", "label is 99999999")]
    [TestCase("\"base\": \"A young salmon is called a\"", "\"base_ids\": [1, 2]", "line 2", "given as token ids")]
    public void A_mistake_is_named_with_its_line(string right, string wrong, string where, string reason)
    {
        var lines = Line + "\n" + Line.Replace(right, wrong, StringComparison.Ordinal);

        Assert.That(
            () => Read(lines),
            Throws.InstanceOf<Exception>().With.Message.Contains(where).And.Message.Contains(reason)
        );
    }

    [Test]
    public void Sets_of_arrays_are_told_apart_by_what_stands_before_their_names()
    {
        var path = Path.Combine(RepositoryPaths.References, "das_equality", "data.safetensors");
        using var network = LoadedModel.Load(Path.Combine(RepositoryPaths.References, "das_equality", "model.onnx"));

        var data = InterchangeTensorFile.Read(path, network, "test");
        var kinds = SafetensorsFile.Open(path).Read("test.kind").Integers.ToArray();

        Assert.That(
            data.Examples.Select(example => example.Sources[0] is not null),
            Is.EqualTo(kinds.Select(kind => kind != 1))
        );
        Assert.That(
            data.Examples.Select(example => example.Sources[1] is not null),
            Is.EqualTo(kinds.Select(kind => kind != 0))
        );
        Assert.That(
            () => InterchangeTensorFile.Read(path, network),
            Throws.InstanceOf<ModelFormatException>().With.Message.Contains("test, train")
        );
        Assert.That(
            () => InterchangeTensorFile.Read(path, _model, "test"),
            Throws.InstanceOf<InterventionException>().With.Message.Contains("0 inputs")
        );
    }

    [TestCase("labels", "example 2", "label is 5")]
    [TestCase("ids", "example 2", "99999999")]
    [TestCase("kind", "example 2", "kind is 3")]
    [TestCase("rows", "source0_ids", "an entry for each example")]
    [TestCase("missing", "labels", "no array")]
    public void A_mistake_in_arrays_is_named_with_its_example(string mistake, string where, string reason)
    {
        var arrays = new Dictionary<string, NumericArray>
        {
            ["base_ids"] = Integers([1, 2, 3, mistake == "ids" ? 99999999 : 4], 2, 2),
            ["source0_ids"] = mistake == "rows" ? Integers([1, 2], 1, 2) : Integers([1, 2, 3, 4], 2, 2),
            ["source1_ids"] = Integers([1, 2, 3, 4], 2, 2),
            ["labels"] = Integers([1, mistake == "labels" ? 5 : 0], 2),
            ["kind"] = Integers([2, mistake == "kind" ? 3 : 0], 2),
        };
        if (mistake == "missing")
            arrays.Remove("labels");
        SafetensorsFile.Write(_folder.File("data.safetensors"), arrays);

        Assert.That(
            () => InterchangeTensorFile.Read(_folder.File("data.safetensors"), _model, null, [358, 359]),
            Throws.InstanceOf<Exception>().With.Message.Contains(where).And.Message.Contains(reason)
        );
    }

    [Test]
    public void A_causal_models_arrays_are_read_back()
    {
        using var network = LoadedModel.Load(Path.Combine(RepositoryPaths.References, "das_equality", "model.onnx"));
        var random = new NumpyRandom(1);
        ImmutableArray<CausalValue> objects =
        [
            .. Enumerable
                .Range(0, 6)
                .Select(_ => CausalValue.FromVector(random.StandardNormal(4).Select(number => (float)number))),
        ];
        var causal = new CausalModel(
            CausalVariable.Input("W", objects),
            CausalVariable.Input("X", objects),
            CausalVariable.Input("Y", objects),
            CausalVariable.Input("Z", objects),
            CausalVariable.Computed("WX", CausalValue.Truths, ["W", "X"], CausalFunctions.Equal),
            CausalVariable.Computed("YZ", CausalValue.Truths, ["Y", "Z"], CausalFunctions.Equal),
            CausalVariable.Computed("O", CausalValue.Truths, ["WX", "YZ"], CausalFunctions.Equal)
        );
        var examples = CausalDataset.GenerateCounterfactual(causal, 20, new() { BatchSize = 5, Seed = 3 });
        CausalTensorFile.Write(_folder.File("causal.safetensors"), causal, examples);

        var told = CausalInterchanges.Of(new CausalDescription(causal), examples, network);
        var read = InterchangeTensorFile.Read(_folder.File("causal.safetensors"), network);

        Assert.That(read.Examples.Select(Shown), Is.EqualTo(told.Examples.Select(Shown)));
    }

    [Test]
    public void A_causal_model_is_told_by_its_template_with_the_variables_positions()
    {
        var description = CausalDescription.FromJson(
            """
            {
              "variables": {
                "young": { "values": ["salmon", "elephant"] },
                "is_fish": {
                  "parents": ["young"],
                  "function": { "cases": [{ "when": ["salmon"], "then": true }], "otherwise": false }
                },
                "name": {
                  "parents": ["is_fish"],
                  "function": { "cases": [{ "when": [true], "then": "fry" }], "otherwise": "calf" }
                }
              },
              "template": "A young {young} is called a",
              "positions": { "verb": "called" },
              "answers": { "fry": " fry", "calf": " calf" }
            }
            """
        );
        var examples = CausalDataset.GenerateCounterfactual(description.Model, 8, new() { Seed = 1 });

        var data = CausalInterchanges.Of(description, examples, _model);

        foreach (var (told, example) in data.Examples.Zip(examples))
        {
            Assert.That(told.Base.Text!.TextOf(told.Base.Positions["young"]), Is.EqualTo(example.Base["young"].Text));
            Assert.That(told.Base.Text.TextOf(told.Base.Positions["verb"]), Is.EqualTo("called"));
            Assert.That(_model.TokenText(told.Label), Is.EqualTo(" " + example.Labels["name"].Text));
            Assert.That(told.Sources, Has.Length.EqualTo(1));
        }

        Assert.That(data.Examples.Select(example => example.IsAnswerChanged), Has.Some.True);
    }

    private InterchangeDataSet Read(string lines)
    {
        File.WriteAllText(_folder.File("pairs.jsonl"), lines);
        return InterchangeLineFile.Read(_folder.File("pairs.jsonl"), _model);
    }

    private static string Shown(InterchangeExample example) =>
        string.Join(
            " | ",
            example
                .Sources.Prepend(example.Base)
                .Select(input =>
                    input is null ? "-" : string.Join(' ', input.Inputs.Arrays.Values.Single().Floats.ToArray())
                )
                .Append($"{example.Label} {example.BaseLabel}")
        );

    private static NumericArray Integers(long[] numbers, params ReadOnlySpan<int> shape) =>
        NumericArray.Of(numbers, shape);
}
