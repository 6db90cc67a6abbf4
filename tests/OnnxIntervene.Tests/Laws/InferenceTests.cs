using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.Components;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Laws;

/// <summary>
/// What the graph tells of its values is what they are in ONNX Runtime, and it tells nearly all of it.
/// </summary>
public sealed class InferenceTests
{
    private const int SampleSize = 60;
    private const double LeastShare = 0.95;
    private static readonly ExecutionOptions s_options = new() { Threads = 1 };

    public static IEnumerable<TestCaseData> Exports() =>
        ReferenceFamily
            .All(RepositoryPaths.References)
            .SelectMany(family =>
                family.Exports.Select(export =>
                    new TestCaseData(family, export).SetArgDisplayNames(family.Name, export.Name)
                )
            );

    [TestCaseSource(nameof(Exports))]
    public void Bound_inference_tells_what_a_run_gives(ReferenceFamily family, ReferenceExport export)
    {
        var model = FunctionInliner.Inline(OnnxFile.Load(export.ModelPath));
        var components = ComponentMap.Find(model);
        var sample = Sample(model);
        // What the exporter says of the values would hide what the rules do not know.
        foreach (var value in model.Graph.AllNodes().SelectMany(node => node.Outputs).OfType<Value>())
            value.Type = null;
        foreach (var value in sample.Except(model.Graph.Outputs))
            model.Graph.AddOutput(value);
        using var session = SessionFactory.Open(model, s_options);
        var filler = new InputFiller(session.InputMetadata, components);
        var known = new List<bool>();

        foreach (var inputs in family.Cases.Select(test => test.Base).Distinct().Select(family.Inputs))
            known.AddRange(Compare(model, components, sample, session, filler, inputs));

        var share = known.Count(isKnown => isKnown) / (double)known.Count;
        TestContext.Progress.WriteLine($"{family.Name}/{export.Name}: {share:P1} of {known.Count} values are known");
        Assert.That(share, Is.GreaterThanOrEqualTo(LeastShare));
    }

    [TestCaseSource(nameof(Exports))]
    public void Unbound_inference_contradicts_no_run(ReferenceFamily family, ReferenceExport export)
    {
        var model = FunctionInliner.Inline(OnnxFile.Load(export.ModelPath));
        var components = ComponentMap.Find(model);
        var given = family.Inputs(family.Cases[0].Base);
        var bound = TypeInference.Bind(model.Graph, PredictedInputs.Of(model, components, given));
        var free = new TypeInference();

        foreach (var value in model.Graph.AllNodes().SelectMany(node => node.Outputs).OfType<Value>())
        {
            var (symbols, sizes) = (free.ShapeOf(value), bound.ShapeOf(value));
            if (symbols is null || sizes is null)
                continue;
            Assert.That(symbols.Rank, Is.EqualTo(sizes.Rank), $"{value}");
            foreach (var (symbol, size) in symbols.Dimensions.Zip(sizes.Dimensions))
                Assert.That(symbol.Size is null || size.Size is null || symbol.Size == size.Size, $"{value} {sizes}");
        }
    }

    private static IEnumerable<bool> Compare(
        Model model,
        ComponentMap components,
        List<Value> sample,
        InferenceSession session,
        InputFiller filler,
        ModelInputs inputs
    )
    {
        var bound = PredictedInputs.Of(model, components, inputs);
        var inference = TypeInference.Bind(model.Graph, bound);
        using var binding = new RunBinding([]);
        filler.Fill(binding, inputs);
        var values = binding.Values;
        foreach (var (name, value) in values)
            Assert.That(bound[name].Shape, Is.EqualTo(value.GetTensorTypeAndShape().Shape), name);
        using var options = new RunOptions();
        using var results = session.Run(options, values, [.. sample.Select(value => value.Name)]);
        foreach (var (value, result) in sample.Zip(results))
            yield return IsKnown(value, inference, result.GetTensorTypeAndShape());
    }

    private static bool IsKnown(Value value, TypeInference inference, OrtTensorTypeAndShapeInfo actual)
    {
        var given = $"{value.Producer} gives '{value.Name}'";
        var type = inference.ElementTypeOf(value);
        if (type != ElementType.Undefined)
            Assert.That((int)type, Is.EqualTo((int)actual.ElementDataType), given);
        if (inference.ShapeOf(value) is not { } shape)
        {
            TestContext.Out.WriteLine($"{given}: {type} of unknown rank, but is [{string.Join(", ", actual.Shape)}]");
            return false;
        }

        Assert.That(shape.Rank, Is.EqualTo(actual.Shape.Length), given);
        foreach (var (size, length) in shape.Dimensions.Zip(actual.Shape))
            Assert.That(
                size.Size ?? length,
                Is.EqualTo(length),
                $"{given} {shape}, [{string.Join(", ", actual.Shape)}]"
            );
        var isKnown = type != ElementType.Undefined && shape.Dimensions.All(size => size.Size is not null);
        if (!isKnown)
            TestContext.Out.WriteLine($"{given}: {type}{shape}, but is [{string.Join(", ", actual.Shape)}]");
        return isKnown;
    }

    // Evenly through the graph; the ends of what is computed are among them.
    private static List<Value> Sample(Model model)
    {
        var computed = model
            .Graph.Nodes.Where(node => node.Operator != new OperatorKey("", "Constant"))
            .SelectMany(node => node.Outputs)
            .OfType<Value>()
            .ToList();
        var size = Environment.GetEnvironmentVariable("ONNX_INTERVENE_ALL_VALUES") is null ? SampleSize : int.MaxValue;
        return
        [
            .. Enumerable
                .Range(0, Math.Min(size, computed.Count))
                .Select(index => computed[(int)((long)index * computed.Count / Math.Min(size, computed.Count))]),
        ];
    }
}
