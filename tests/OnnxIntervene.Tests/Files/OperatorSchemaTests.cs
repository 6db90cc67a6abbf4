using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;

namespace OnnxIntervene.Tests.Files;

/// <summary>The table of operators agrees with what ONNX Runtime checks when it opens a model.</summary>
public sealed partial class OperatorSchemaTests
{
    // Later ones are in ONNX, but not in ONNX Runtime 1.31.
    private const long NewestSet = 24;
    private const int TooMany = 300;

    private static IEnumerable<TestCaseData> Operators() =>
        OperatorSchemas
            .All.Where(entry => entry.Key.OperatorType != "Constant") // Becomes an initializer before it is checked.
            .Select(entry => new TestCaseData(entry.Key, entry.Value).SetArgDisplayNames($"{entry.Key}"));

    [TestCaseSource(nameof(Operators))]
    public void How_many_inputs_an_operator_takes_is_what_ONNX_Runtime_says(object operatorKey, object schemas)
    {
        foreach (var schema in Known((OperatorSchema[])schemas))
        {
            var message = Refusal((OperatorKey)operatorKey, schema, TooMany, schema.Outputs.Least, []);
            if (schema.Inputs.Most is null)
                message = Refusal((OperatorKey)operatorKey, schema, schema.Inputs.Least - 1, schema.Outputs.Least, []);
            AssertRange(message, "input", schema.Inputs, schema.Version);
        }
    }

    [TestCaseSource(nameof(Operators))]
    public void What_attributes_hold_is_what_ONNX_Runtime_says(object operatorKey, object schemas)
    {
        foreach (var schema in Known((OperatorSchema[])schemas))
        {
            foreach (var (name, attribute) in schema.Attributes)
            {
                var wrong =
                    attribute.Kind == AttributeKind.Text ? NodeAttribute.Of(name, 1L) : NodeAttribute.Of(name, "x");
                var message = Refusal(
                    (OperatorKey)operatorKey,
                    schema,
                    schema.Inputs.Least,
                    schema.Outputs.Least,
                    [wrong]
                );
                Assert.That(
                    ExpectedKind().Match(message).Groups[1].Value,
                    Is.EqualTo(Word(attribute.Kind)),
                    $"'{name}' since {schema.Version}: {message}"
                );
            }
        }
    }

    private static IEnumerable<OperatorSchema> Known(OperatorSchema[] schemas) =>
        schemas.Where(schema => schema.Version <= NewestSet);

    private static void AssertRange(string message, string noun, SchemaValues values, long version)
    {
        if (values.Most is null && values.Least == 0)
            return;
        var range = Range().Match(message);
        Assert.That(range.Success, $"{noun}s since {version}: {message}");
        Assert.That(
            int.Parse(range.Groups[1].Value, CultureInfo.InvariantCulture),
            Is.EqualTo(values.Least),
            $"{version}"
        );
        if (values.Most is { } most)
            Assert.That(int.Parse(range.Groups[2].Value, CultureInfo.InvariantCulture), Is.EqualTo(most), $"{version}");
    }

    // ONNX Runtime looks at the numbers of inputs and outputs first, then at attributes; types come later.
    private static string Refusal(
        OperatorKey key,
        OperatorSchema schema,
        int inputs,
        int outputs,
        IEnumerable<NodeAttribute> attributes
    )
    {
        var graph = new Graph("main");
        var type = new TensorType(ElementType.Float32, Shape.Of([2L, 2L]));
        var node = graph.AddNode(
            "node",
            key,
            Enumerable.Range(0, Math.Max(0, inputs)).Select(index => graph.AddInput($"input{index}", type)),
            Enumerable.Range(0, Math.Max(1, outputs)).Select(index => $"output{index}"),
            attributes
        );
        foreach (var output in node.Outputs)
            graph.AddOutput(output!);
        var sets = ImmutableSortedDictionary<string, long>.Empty.Add("", 21).SetItem(key.Domain, schema.Version);
        var model = new Model(graph, 9, sets);
        using var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        try
        {
            using var session = new InferenceSession(OnnxFile.Reference(model).Bytes.ToArray(), options);
            return "";
        }
        catch (OnnxRuntimeException refusal)
        {
            return refusal.Message;
        }
    }

    private static string Word(AttributeKind kind) =>
        kind switch
        {
            AttributeKind.Float => "FLOAT",
            AttributeKind.Integer => "INT",
            AttributeKind.Text => "STRING",
            AttributeKind.Tensor => "TENSOR",
            AttributeKind.Graph => "GRAPH",
            AttributeKind.Floats => "FLOATS",
            AttributeKind.Integers => "INTS",
            AttributeKind.Texts => "STRINGS",
            AttributeKind.SparseTensor => "SPARSE_TENSOR",
            AttributeKind.Type => "TYPE_PROTO",
            _ => $"{kind}",
        };

    [GeneratedRegex(@"size \d+ not in range \[min=(\d+), max=(\d+)\]")]
    private static partial Regex Range();

    [GeneratedRegex(@"Expected: '(\w+)'")]
    private static partial Regex ExpectedKind();
}
