using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxIntervene.Baking;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Baking;

/// <summary>
/// Weights and biases that a run may feed, with a default in the file or without: what is folded holds whatever is fed,
/// or is refused.
/// </summary>
public sealed class FedConstantTests
{
    private const string Gemm = "gpt2/optimum";
    private const string ProductAndAdd = "qwen2/optimum";

    [Test]
    public void An_addition_holds_whatever_bias_is_fed(
        [Values(Gemm, ProductAndAdd)] string export,
        [Values] bool hasDefault
    )
    {
        using var folder = new TemporaryFolder();
        using var loaded = Changed(folder, export, BiasesOf, hasDefault);
        var component = ComponentOf(export);
        var addition = BakingSamples.Addition(
            1,
            component,
            BakingSamples.Numbers(2, 0.5f, loaded.Components.Get(1, component).Width)
        );

        var baked = Bake(loaded, addition, folder.File("folded"), new BakeRequest { Folds = true });
        Bake(loaded, addition, folder.File("spliced"), new BakeRequest());

        Assert.That(baked.Changes, Has.All.Contains("a new Add"));
        foreach (var factor in new[] { 1f, -2f })
        {
            var fed = BiasesOf(loaded.Model.Graph).ToDictionary(value => value.Name, value => Scaled(value, factor));
            var (folded, spliced) = (Run(folder.File("folded"), fed), Run(folder.File("spliced"), fed));
            Assert.That(Distance(folded, spliced), Is.LessThan(1e-4), $"{factor}");
            Assert.That(Distance(folded, Run(folder.File("own"), fed)), Is.GreaterThan(0.01), $"{factor}: no effect");
        }
    }

    [TestCase(Gemm)]
    [TestCase(ProductAndAdd)]
    public void What_is_fed_in_place_of_a_default_is_run_with(string export)
    {
        using var folder = new TemporaryFolder();
        using var loaded = Changed(folder, export, BiasesOf, hasDefault: true);
        using var model = loaded.With(IntervenableConfig.Empty);
        var fed = BiasesOf(loaded.Model.Graph).ToDictionary(value => value.Name, value => Scaled(value, -2));
        var inputs = ModelInputs.FromTokens([5, 9, 23, 41]);

        using var plain = model.Run(inputs);
        using var other = model.Run(
            new ModelInputs(
                inputs.Arrays.AddRange(
                    fed.Select(pair =>
                        KeyValuePair.Create(pair.Key, NumericArray.Of(pair.Value.ToArray(), (int)pair.Value.Length))
                    )
                )
            )
        );

        var (usual, changed) = (plain.Intervened.Logits.Floats.ToArray(), other.Intervened.Logits.Floats.ToArray());
        Assert.That(Distance(changed, Run(folder.File("own"), fed)), Is.LessThan(1e-4));
        Assert.That(Distance(changed, usual), Is.GreaterThan(0.01));
    }

    [Test]
    public void A_projection_of_what_has_a_fed_bias_is_refused(
        [Values(Gemm, ProductAndAdd)] string export,
        [Values] bool hasDefault
    )
    {
        using var folder = new TemporaryFolder();
        using var loaded = Changed(folder, export, BiasesOf, hasDefault);

        RequireRefusal(loaded, Projection(loaded, ComponentOf(export)), folder, "run");
    }

    [TestCase(Gemm)]
    [TestCase(ProductAndAdd)]
    public void A_projection_of_what_has_fed_weights_is_refused(string export)
    {
        using var folder = new TemporaryFolder();
        using var loaded = Changed(folder, export, Matrices, hasDefault: true);

        RequireRefusal(loaded, Projection(loaded, ComponentOf(export)), folder, "an input that a run may feed");
    }

    [Test]
    public void Neurons_whose_bias_is_fed_become_zero_and_do_not_go()
    {
        using var folder = new TemporaryFolder();
        using var loaded = Changed(folder, Gemm, BiasesOf, hasDefault: true);
        var ablation = BakingSamples.At(1, ComponentNames.MlpActivation, new ZeroIntervention());
        var request = new BakeRequest
        {
            Folds = true,
            Settings = new RunSettings
            {
                Subspaces = new Subspaces([
                    [
                        [0, 1, 2, 3],
                    ],
                ]),
            },
        };

        Assert.That(
            () => Bake(loaded, ablation, folder.File("smaller"), request with { Removes = true }),
            Throws
                .TypeOf<InterventionException>()
                .With.Message.Contains("cannot be removed")
                .And.Message.Contains("an input that a run may feed")
        );
        Assert.That(Directory.Exists(folder.File("smaller")), Is.False);
        Bake(loaded, ablation, folder.File("zero"), request);
    }

    private static string ComponentOf(string export) =>
        export == Gemm ? ComponentNames.MlpOutput : ComponentNames.ValueOutput;

    private static void RequireRefusal(
        LoadedModel loaded,
        RepresentationConfig intervention,
        TemporaryFolder folder,
        string reason
    )
    {
        Assert.That(
            () => Bake(loaded, intervention, folder.File("folded"), new BakeRequest { Folds = true }),
            Throws
                .TypeOf<InterventionException>()
                .With.Message.Contains("cannot be folded exactly")
                .And.Message.Contains(reason)
                .And.Message.Contains("--spliced")
        );
        Assert.That(Directory.Exists(folder.File("folded")), Is.False);
    }

    private static RepresentationConfig Projection(LoadedModel loaded, string component) =>
        BakingSamples.At(
            1,
            component,
            new ProjectOutIntervention(BakingSamples.Numbers(1, 1, loaded.Components.Get(1, component).Width))
        );

    private static BakedModel Bake(
        LoadedModel loaded,
        RepresentationConfig intervention,
        string path,
        BakeRequest request
    )
    {
        using var model = loaded.With(new IntervenableConfig { Representations = [intervention] });
        return Baker.Write(model, request, path).Baked;
    }

    private static LoadedModel Changed(
        TemporaryFolder folder,
        string export,
        Func<Graph, IEnumerable<Value>> chosen,
        bool hasDefault
    )
    {
        var model = OnnxFile.Load(Path.Combine(BakingSamples.Folder(export), "model.onnx"));
        foreach (var value in chosen(model.Graph).ToList())
        {
            if (hasDefault)
                model.MakeOverridable(value);
            else
                model.Graph.MakeInput(value);
        }

        Directory.CreateDirectory(folder.File("own"));
        OnnxFile.Save(model, folder.File("own/model.onnx"));
        return LoadedModel.Load(folder.File("own/model.onnx"), BakingSamples.OneThread);
    }

    // Of every linear layer: the third input of Gemm, or what is added to a product.
    private static List<Value> BiasesOf(Graph graph) =>
        [
            .. graph
                .Nodes.SelectMany(node =>
                    node.Operator.OperatorType switch
                    {
                        "Gemm" => [node.Inputs[2]!],
                        "Add" => node.Inputs.OfType<Value>().Where(input => input.Producer is null),
                        _ => Enumerable.Empty<Value>(),
                    }
                )
                .Where(value => SizesOf(value) is [> 1])
                .Distinct(),
        ];

    private static IEnumerable<Value> Matrices(Graph graph) =>
        graph
            .Nodes.Where(node => node.Operator.OperatorType is "Gemm" or "MatMul")
            .Select(node => node.Inputs[1]!)
            .Where(value => value.IsConstant)
            .Distinct();

    private static long[] SizesOf(Value value) =>
        value.Initializer is { } data
            ? [.. data.Dimensions]
            : [.. value.Type?.Shape?.Dimensions.Select(size => size.Size ?? 0) ?? []];

    private static DenseTensor<float> Scaled(Value bias, float factor)
    {
        var size = (int)SizesOf(bias)[0];
        var numbers = bias.Initializer?.ReadFloats() ?? BakingSamples.Numbers(9, 0.1f, size).Floats.ToArray();
        return new DenseTensor<float>(Array.ConvertAll(numbers, number => number * factor), [size]);
    }

    private static float[] Run(string folder, Dictionary<string, DenseTensor<float>> fed)
    {
        using var session = new InferenceSession(Path.Combine(folder, "model.onnx"));
        var own = session
            .InputMetadata.Keys.Where(name => !fed.ContainsKey(name))
            .Select(name => NamedOnnxValue.CreateFromTensor(name, Integers(name)));
        var others = fed.Select(pair => NamedOnnxValue.CreateFromTensor(pair.Key, pair.Value));
        using var results = session.Run([.. own, .. others]);
        return [.. results[0].AsEnumerable<float>()];
    }

    private static DenseTensor<long> Integers(string name)
    {
        long[] numbers =
            name.Contains("mask", StringComparison.Ordinal) ? [1, 1, 1, 1]
            : name.Contains("position", StringComparison.Ordinal) ? [0, 1, 2, 3]
            : [5, 9, 23, 41];
        return new DenseTensor<long>(numbers, [1, numbers.Length]);
    }

    private static float Distance(float[] one, float[] other) =>
        one.Zip(other, (left, right) => Math.Abs(left - right)).Max();
}
