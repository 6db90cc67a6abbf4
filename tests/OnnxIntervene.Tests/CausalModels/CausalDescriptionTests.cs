using OnnxIntervene.CausalModels;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.CausalModels;

public sealed class CausalDescriptionTests
{
    private const string Price = """
        {
          "variables": {
            "x": { "from": 10, "to": 19 },
            "lo": { "values": [12, 15] },
            "hi": { "values": [17, 18] },
            "above": { "parents": ["lo", "x"], "function": "less_or_equal" },
            "below": { "parents": ["x", "hi"], "function": "less_or_equal" },
            "fits": { "parents": ["above", "below"], "function": "and" }
          },
          "template": "Is ${x} from {lo} to {hi}? {{{x}}}",
          "texts": { "lo": { "12": "twelve" } },
          "positions": { "end": -1, "question": "?" },
          "answers": { "true": " Yes", "false": " No" }
        }
        """;

    [Test]
    public void A_description_is_a_causal_model_with_its_words()
    {
        var description = CausalDescription.FromJson(Price);
        var input = CausalSetting.Of(("x", 13), ("lo", 12), ("hi", 18));

        var text = description.Template!.Fill(input);

        Assert.That(description.Model.RunForward(input)["fits"].IsTrue);
        Assert.That(description.Model.RunForward(input.With("lo", 15))["fits"].IsTrue, Is.False);
        Assert.That(text.Text, Is.EqualTo("Is $13 from twelve to 18? {13}"));
        Assert.That(
            text.Spans.Select(span => (span.Name, text.Text[span.Start..span.End])),
            Is.EqualTo(new[] { ("x", "13"), ("lo", "twelve"), ("hi", "18"), ("x.2", "13") })
        );
        Assert.That(description.Answers, Is.EqualTo(new[] { " No", " Yes" }), "false is class 0");
        Assert.That(
            description.Template.Positions.Select(position => position.Name),
            Is.EqualTo(new[] { "end", "question" })
        );
    }

    [TestCase("\"equal\"", "[1,2],[1,2]", 2, false)]
    [TestCase("\"less\"", "[1,2],[1,2]", 1, true)]
    [TestCase("\"less\"", "[1,2],[1,2]", 0, false)]
    [TestCase("\"in_range\"", "[2],[1,2],[2,3]", 0, true)]
    [TestCase("\"xor\"", "[true,false],[true,false],[true]", 0, true)]
    [TestCase("\"or\"", "[true,false],[true,false]", 3, false)]
    [TestCase("""{"cases": [{"when": [1, "b"], "then": true}], "otherwise": false}""", "[1,2],[\"a\",\"b\"]", 1, true)]
    [TestCase("""{"cases": [{"when": [1, "b"], "then": true}], "otherwise": false}""", "[1,2],[\"a\",\"b\"]", 0, false)]
    public void Functions_compute_what_they_are_called(string function, string domains, int combination, bool expected)
    {
        var lists = $"[{domains}]";
        var model = CausalDescription.FromJson(Described(lists, function)).Model;
        var input = CausalSetting.Empty;
        foreach (var variable in model.Inputs.Reverse())
        {
            input = input.With(variable.Name, variable.Values[combination % variable.Values.Length]);
            combination /= variable.Values.Length;
        }

        Assert.That(model.RunForward(input)["out"].IsTrue, Is.EqualTo(expected), $"{input}");
    }

    [Test]
    public void A_copy_has_its_parents_values()
    {
        var model = CausalDescription.FromJson(Described("[[[1,2],[3,4]]]", "\"copy\"")).Model;

        Assert.That(model.Get("out").Values, Is.EqualTo(model.Get("v0").Values));
    }

    [TestCase("[[1,2],[1,2]]", "\"and\"", "$.variables.out.function", "'v0' can be 1")]
    [TestCase("[[1,2]]", "\"equal\"", "$.variables.out.function", "2 or more parents, not 1")]
    [TestCase("[[1,2]]", "\"eval\"", "$.variables.out.function", "no function \"eval\"")]
    [TestCase("[[1,2]]", """{"cases": [{"when": [1], "then": 3}]}""", "$.variables.out", "no case for 2")]
    [TestCase(
        "[[1,2]]",
        """{"cases": [{"when": [1, 2], "then": 3}]}""",
        "$.variables.out.function.cases[0].when",
        "1 values"
    )]
    [TestCase(
        "[[1,2]]",
        """{"cases": [{"when": [1], "then": 3}, {"when": [1], "then": 4}]}""",
        "cases",
        "two cases for 1"
    )]
    [TestCase(
        "[[1,2]]",
        """{"cases": [{"when": [3], "then": 3}], "otherwise": 4}""",
        "cases[0].when",
        "'v0' is never 3"
    )]
    [TestCase("[[1,{}]]", "\"copy\"", "$.variables.v0.values[1]", "true, false, a number")]
    [TestCase("[[]]", "\"copy\"", "$.variables.v0.values", "empty")]
    public void A_mistake_is_named_with_its_place(string domains, string function, string path, string reason) =>
        Assert.That(
            () => CausalDescription.FromJson(Described(domains, function)),
            Throws.InstanceOf<InterventionException>().With.Message.Contains(path).And.Message.Contains(reason)
        );

    [TestCase("Is ${x}", "Is ${y}", "$.template", "'y'")]
    [TestCase("Is ${x} from {lo} to {hi}? {{{x}}}", "Is {x} {lo}", "$.template", "leaves out the input 'hi'")]
    [TestCase("Is ${x} from", "Is ${x from", "$.template", "brace")]
    [TestCase("\"12\": \"twelve\"", "\"13\": \"thirteen\"", "$.texts.lo.13", "12, 15")]
    [TestCase("\"true\": \" Yes\", ", "", "$.answers", "true is left out")]
    [TestCase(
        "\"parents\": [\"lo\", \"x\"]",
        "\"parents\": [\"lo\", \"z\"]",
        "$.variables.above.parents[1]",
        "no such"
    )]
    [TestCase("\"from\": 10", "\"form\": 10", "$.variables.x.form", "no such field")]
    [TestCase("\"to\": 19", "\"to\": 9", "$.variables.x.to", "from 10")]
    public void A_mistake_in_the_words_is_named_with_its_place(
        string right,
        string wrong,
        string path,
        string reason
    ) =>
        Assert.That(
            () => CausalDescription.FromJson(Price.Replace(right, wrong, StringComparison.Ordinal)),
            Throws.InstanceOf<InterventionException>().With.Message.Contains(path).And.Message.Contains(reason)
        );

    [Test]
    public void Data_sets_are_read_as_they_were_written()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "examples.jsonl");
        var model = EqualityTask.Model(5, 2);
        var factual = CausalDataset.GenerateFactual(model, 5);
        var counterfactual = CausalDataset.GenerateCounterfactual(model, 12, new() { BatchSize = 3 });

        CausalDatasetFile.Write(path, factual);
        Assert.That(CausalDatasetFile.ReadFactual(path, model), Is.EqualTo(factual));

        CausalDatasetFile.Write(path, model, counterfactual);
        var read = CausalDatasetFile.ReadCounterfactual(path, model);
        Assert.That(
            read.Select(example => example.Labels),
            Is.EqualTo(counterfactual.Select(example => example.Labels))
        );
        Assert.That(
            read.SelectMany(example => example.Sources),
            Is.EqualTo(counterfactual.SelectMany(example => example.Sources))
        );
        Assert.That(
            read.Select(example => example.InterventionId),
            Is.EqualTo(counterfactual.Select(example => example.InterventionId))
        );
    }

    [Test]
    public void Labels_that_the_model_does_not_compute_are_refused_with_their_line()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "examples.jsonl");
        var model = EqualityTask.Model(5, 2);
        CausalDatasetFile.Write(
            path,
            CausalDataset.GenerateFactual(model, 2, new() { Sampler = CausalSampler.TreeBalanced })
        );
        var lines = File.ReadAllLines(path);
        lines[1] = lines[1].Contains("\"O\":true")
            ? lines[1].Replace("\"O\":true", "\"O\":false")
            : lines[1].Replace("\"O\":false", "\"O\":true");
        File.WriteAllLines(path, lines);

        Assert.That(
            () => CausalDatasetFile.ReadFactual(path, model),
            Throws
                .InstanceOf<ModelFormatException>()
                .With.Message.Contains("line 2, $.labels.O")
                .And.Message.Contains("computes")
        );
    }

    [Test]
    public void Arrays_hold_inputs_classes_and_zeros_for_what_is_not_interchanged()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "data.safetensors");
        var model = EqualityTask.Model(5, 2);
        var examples = CausalDataset.GenerateCounterfactual(model, 12, new() { BatchSize = 3, Seed = 4 });

        CausalTensorFile.Write(path, model, examples);
        var file = SafetensorsFile.Open(path);

        Assert.That(file.Shape("base"), Is.EqualTo(new[] { 12, 8 }));
        for (var index = 0; index < examples.Length; index++)
        {
            var example = examples[index];
            Assert.That(
                file.Read("base").Row(index).Floats.ToArray(),
                Is.EqualTo(CausalTensors.InputToTensor(model, example.Base).Floats.ToArray())
            );
            Assert.That(file.Read("labels").Integers[index], Is.EqualTo(example.Labels["O"].IsTrue ? 1 : 0));
            Assert.That(file.Read("kind").Integers[index], Is.EqualTo(example.InterventionId));
            Assert.That(
                file.Read("source1").Row(index).Floats.ToArray().All(number => number == 0),
                Is.EqualTo(example.Sources[1] is null)
            );
        }
    }

    private static string Described(string domains, string function)
    {
        var lists = System
            .Text.Json.JsonDocument.Parse(domains)
            .RootElement.EnumerateArray()
            .Select(list => list.GetRawText())
            .ToList();
        var inputs = lists.Select((values, index) => $"\"v{index}\": {{\"values\": {values}}}");
        var parents = string.Join(", ", lists.Select((_, index) => $"\"v{index}\""));
        var output = $"\"out\": {{\"parents\": [{parents}], \"function\": {function}}}";
        return $"{{\"variables\": {{{string.Join(", ", inputs)}, {output}}}}}";
    }
}
