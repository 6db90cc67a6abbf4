using System.Collections.Immutable;
using System.Text.Json;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>Every output of numbers is compared and saved; the others are named, and end no run.</summary>
public sealed class OutputTests
{
    [Test]
    public async Task Labels_are_compared_and_a_sequence_is_named()
    {
        using var folder = new TemporaryFolder();
        var model = Path.Combine(RepositoryPaths.OwnReferences, "outputs", "labels-first");
        string[] arguments =
        [
            "run",
            Path.Combine(model, "model.onnx"),
            "--config",
            Path.Combine(model, "config.json"),
            "--base-file",
            Path.Combine(model, "inputs.safetensors"),
        ];

        var (output, error, exit) = await Command.RunAsync([.. arguments, "--out", folder.File("out.safetensors")]);

        Assert.That(exit, Is.Zero, error);
        Assert.That(output, Does.Contain("Left out: output_probability, a sequence of maps"));
        Assert.That(
            SafetensorsFile.Open(folder.File("out.safetensors")).Names,
            Is.EquivalentTo(new[] { "output_label", "output_label.before" })
        );
    }

    [Test]
    public async Task Outputs_of_every_kind_in_any_order()
    {
        using var folder = new TemporaryFolder();
        var arguments = Sketch(folder);

        var json = await JsonOf([.. arguments, "--out", folder.File("out.safetensors")]);
        var (text, _, _) = await Command.RunAsync(arguments);

        var outputs = json.GetProperty("outputs").EnumerateArray().ToDictionary(item => Text(item, "output"));
        var left = json.GetProperty("left_out").EnumerateArray().ToDictionary(item => Text(item, "output"));
        Assert.That(outputs.Keys, Is.EqualTo(new[] { "where", "flags", "values" }));
        Assert.That(left.Keys, Is.EquivalentTo(new[] { "list", "large" }));
        Assert.That(Text(left["list"], "why"), Is.EqualTo("a sequence of tensors"));
        Assert.That(Text(left["large"], "why"), Does.Contain("takes 64 bits"));
        Assert.That(outputs["values"].GetProperty("difference").GetProperty("changed").GetInt32(), Is.EqualTo(2));
        Assert.That(outputs["where"].GetProperty("difference").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(
            $"{outputs["where"].GetProperty("shape_before")}",
            Is.Not.EqualTo($"{outputs["where"].GetProperty("shape")}")
        );
        Assert.That(text, Does.Contain("the shape, from [2, 6]").And.Contain("Left out: list"));
        Assert.That(
            SafetensorsFile.Open(folder.File("out.safetensors")).Names,
            Is.SupersetOf(new[] { "values", "values.before", "flags", "where.before" })
        );
    }

    [Test]
    public async Task An_output_is_chosen_by_name()
    {
        using var folder = new TemporaryFolder();
        var arguments = Sketch(folder);

        var json = await JsonOf([.. arguments, "--compare", "values", "--out", folder.File("out.npy")]);
        var (_, error, exit) = await Command.RunAsync([.. arguments, "--compare", "nothing"]);

        Assert.That(json.GetProperty("outputs").GetArrayLength(), Is.EqualTo(1));
        Assert.That(NumpyFile.Read(folder.File("out.npy")).Shape, Is.EqualTo(new[] { 2, 3, 1 }));
        Assert.That(exit, Is.EqualTo(1));
        Assert.That(error, Does.Contain("no such output").And.Contain("values"));
    }

    [Test]
    public async Task Caches_are_named_and_compared_when_asked_for()
    {
        using var folder = new TemporaryFolder();
        var config = Config(folder, """{"kind": "Zero", "component": "mlp_output", "layer": 0}""");
        var model = Path.Combine(RepositoryPaths.OwnReferences, "families", "gpt2", "optimum-past");
        string[] arguments = ["run", model, "--config", config, "--base-ids", "1,2,3"];

        var (text, error, exit) = await Command.RunAsync(arguments);
        var usual = await JsonOf(arguments);
        var all = await JsonOf([.. arguments, "--compare", "all"]);

        Assert.That(exit, Is.Zero, error);
        Assert.That(text, Does.Contain("caches, present.0.key to").And.Contain("--compare all"));
        Assert.That(usual.GetProperty("outputs").GetArrayLength(), Is.EqualTo(1));
        Assert.That(
            all.GetProperty("outputs").GetArrayLength(),
            Is.EqualTo(1 + usual.GetProperty("left_out").GetArrayLength())
        );
        Assert.That(all.GetProperty("left_out").GetArrayLength(), Is.Zero);
    }

    [TestCase("", 0.7310586f)]
    [TestCase("Sigmoid", 0.7310586f)]
    public async Task One_class_is_shown_as_its_sigmoid(string last, float probability)
    {
        using var folder = new TemporaryFolder();
        var graph = new Graph("one");
        var x = graph.AddInput("x", Floats(1, 2));
        var inner = Op(graph, "inner", "Relu", x);
        var sum = Op(graph, "sum", "MatMul", inner, graph.AddInitializer("w", TensorData.FromFloats([2, 1], [1, 1])));
        graph.AddOutput(last.Length == 0 ? sum : Op(graph, "share", last, sum));
        var arguments = Write(
            folder,
            graph,
            [1, 0],
            [1, 2],
            """{"kind": "Zero", "component": "inner", "positions": 1}"""
        );

        var json = await JsonOf(arguments);

        var top = json.GetProperty("examples")[0].GetProperty("before")[0];
        Assert.That(top.GetProperty("probability").GetSingle(), Is.EqualTo(probability).Within(1e-5));
    }

    [Test]
    public async Task What_follows_the_last_kept_token_of_each_example_is_shown()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = Tokenization.Tokenizer.Load(RepositoryPaths.DefaultModel);
        var (first, second) = (Ids("A young salmon is called a"), Ids("The company Volvo makes"));
        var length = Math.Max(first.Length, second.Length);
        SafetensorsFile.Write(
            folder.File("batch.safetensors"),
            new Dictionary<string, NumericArray>
            {
                ["input_ids"] = Rows(length, first, second),
                ["attention_mask"] = Rows(length, Ones(first.Length), Ones(second.Length)),
            }
        );
        var config = Config(folder, """{"kind": "Zero", "component": "mlp_output", "layer": 5, "positions": 0}""");

        var json = await JsonOf(["run", "--config", config, "--base-file", folder.File("batch.safetensors")]);

        var examples = json.GetProperty("examples");
        Assert.That(first.Length, Is.Not.EqualTo(second.Length));
        Assert.That(Text(examples[0].GetProperty("before")[0], "text"), Is.EqualTo(" fry"));
        Assert.That(Text(examples[1].GetProperty("before")[0], "text"), Is.EqualTo(" estates"));
        Assert.That(examples[1].GetProperty("position").GetInt32(), Is.EqualTo(second.Length - 1));

        long[] Ids(string text) => [.. tokenizer.Encode(text).Ids.Select(id => (long)id)];
        static long[] Ones(int count) => [.. Enumerable.Repeat(1L, count)];
    }

    private static NumericArray Rows(int length, params long[][] rows) =>
        NumericArray.Of(
            rows.SelectMany(row => row.Concat(new long[length - row.Length])).ToArray(),
            rows.Length,
            length
        );

    // x ─ Relu ─ inner ─┬ list (sequence), where (its non-zeros), flags (of both), large (more than 63 bits), values
    private static string[] Sketch(TemporaryFolder folder)
    {
        var graph = new Graph("outputs");
        var x = graph.AddInput("x", Floats(2, 3, 1));
        var inner = Op(graph, "inner", "Relu", x);
        var list = Op(graph, "list", "SequenceConstruct", inner);
        var where = Op(graph, "flat", "Flatten", inner);
        where = Op(graph, "where", "NonZero", where);
        var flags = Op(graph, "flags", "Greater", inner, graph.AddInitializer("one", TensorData.FromFloats([], [1])));
        var large = graph.AddInitializer(
            "limit",
            TensorData.FromBytes(ElementType.UInt64, [1], Enumerable.Repeat((byte)255, 8).ToArray())
        );
        large = Op(graph, "large", "Identity", large);
        var values = Op(graph, "values", "Neg", inner);
        foreach (var output in new[] { list, large, where, flags, values })
            graph.AddOutput(output);
        return Write(
            folder,
            graph,
            [1, 2, 3, 4, 5, 6],
            [2, 3, 1],
            """{"kind": "Zero", "component": "inner", "positions": 1}"""
        );
    }

    private static string[] Write(TemporaryFolder folder, Graph graph, float[] x, int[] shape, string intervention)
    {
        var sets = ImmutableSortedDictionary<string, long>.Empty.Add("", 17);
        OnnxFile.Save(new Model(graph, 8, sets), folder.File("model.onnx"));
        NumpyFile.Write(folder.File("x.npy"), NumericArray.Of(x, shape));
        var config = Config(folder, intervention);
        return ["run", folder.File("model.onnx"), "--config", config, "--base-file", folder.File("x.npy")];
    }

    private static string Config(TemporaryFolder folder, string intervention)
    {
        File.WriteAllText(folder.File("run.json"), $$"""{"interventions": [{{intervention}}]}""");
        return folder.File("run.json");
    }

    private static async Task<JsonElement> JsonOf(string[] arguments)
    {
        var (output, error, exit) = await Command.RunAsync([.. arguments, "--json"]);
        Assert.That(exit, Is.Zero, error);
        using var json = JsonDocument.Parse(output);
        return json.RootElement.Clone();
    }

    private static string Text(JsonElement item, string name) => item.GetProperty(name).GetString()!;

    private static TensorType Floats(params long[] sizes) =>
        new(ElementType.Float32, new Shape([.. sizes.Select(Dimension.Fixed)]));

    private static Value Op(Graph graph, string name, string type, params Value[] inputs) =>
        graph.AddNode($"{name}_node", new OperatorKey("", type), inputs, [name], []).Output;
}
