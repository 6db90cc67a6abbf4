using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Execution;

/// <summary>What kinds without a reference of their own promise.</summary>
public sealed class KindTests
{
    private static readonly ModelInputs s_base = ModelInputs.FromTokens([
        [1, 5, 9, 2, 7],
        [3, 3, 8, 11, 4],
    ]);
    private static readonly ModelInputs s_source = ModelInputs.FromTokens([
        [6, 2, 2, 11, 9],
        [4, 8, 15, 16, 23],
    ]);

    [TestCase(5f, 1f, 5f)]
    [TestCase(5f, -2f, -10f)]
    public void A_source_of_one_number_is_added_to_every_element(float number, float coefficient, float expected)
    {
        var five = TinyModels.At(1, new AdditionIntervention()) with
        {
            SourceRepresentation = NumericArray.Of(new[] { number }, 1),
        };
        using var model = TinyModels.Load(five, TinyModels.At(1, new CollectIntervention()));
        var plain = TinyModels.Collect(s_base, null, 1);

        using var result = model.Run(
            s_base,
            settings: new RunSettings { Coefficients = [Coefficient.Of(coefficient)] }
        );

        var added = result.Collected[0].Floats;
        for (var index = 0; index < plain.Length; index++)
            Assert.That(added[index] - plain.Floats[index], Is.EqualTo(expected).Within(1e-4));
    }

    [Test]
    public void The_original_output_is_that_of_a_plain_run_bit_for_bit()
    {
        using var plain = TinyModels.Load();
        using var model = TinyModels.Load(
            TinyModels.At(0, new VanillaIntervention()),
            TinyModels.At(1, new ZeroIntervention(), "head_value_output", "h.pos"),
            TinyModels.At(3, new CollectIntervention())
        );

        var result = model.Run(s_base, [s_source], settings: new RunSettings { OutputOriginalOutput = true });

        Assert.That(result.Original!.Logits.Floats.SequenceEqual(plain.Run(s_base).Intervened.Logits.Floats));
        Assert.That(
            Difference.Largest(result.Intervened.Logits.Floats, result.Original.Logits.Floats),
            Is.GreaterThan(0.1)
        );
    }

    [TestCase("block_output", "block_input")]
    [TestCase("mlp_output", "mlp_input")]
    [TestCase("attention_output", "attention_input")]
    public void Skipping_with_the_base_as_its_own_source_removes_the_module(string output, string input)
    {
        using var model = TinyModels.Load(TinyModels.At(1, new SkipIntervention(), output));
        using var cut = TinyModels.Load();
        var file = OnnxFile.Load(TinyModels.Gpt2);
        var map = ComponentMap.Find(file);
        TensorOf(map, output).ReplaceUses(TensorOf(map, input));

        var skipped = model.Run(s_base, [s_base], settings: new RunSettings { OutputOriginalOutput = true });
        var expected = Run(file);

        Assert.That(Difference.Largest(skipped.Intervened.Logits.Floats, expected), Is.LessThan(1e-5));
        Assert.That(
            Difference.Largest(skipped.Intervened.Logits.Floats, skipped.Original!.Logits.Floats),
            Is.GreaterThan(0.1)
        );
    }

    [Test]
    public void A_function_sees_what_earlier_interventions_have_made_and_no_later_one()
    {
        var seen = new List<(string Name, NumericArray Base)>();
        using var model = TinyModels.Load(
            TinyModels.At(2, Seeing("last")),
            TinyModels.At(1, Seeing("before")),
            TinyModels.At(1, new ZeroIntervention()),
            TinyModels.At(1, Seeing("after"))
        );
        var location = UnitLocation.At(1, 3);

        model.Run(s_base, unitLocations: TinyModels.Base([location]));

        using var zeroed = TinyModels.Load(
            TinyModels.At(1, new ZeroIntervention()),
            TinyModels.At(2, new CollectIntervention())
        );
        var expected = zeroed.Run(s_base, unitLocations: TinyModels.Base([location])).Collected[0];
        Assert.That(seen.Select(entry => entry.Name), Is.EqualTo(new[] { "before", "after", "last" }));
        Assert.That(
            Difference.Largest(seen[0].Base.Floats, TinyModels.Collect(s_base, location, 1).Floats),
            Is.LessThan(1e-5)
        );
        Assert.That(seen[1].Base.Floats.ToArray(), Has.All.Zero);
        Assert.That(Difference.Largest(seen[2].Base.Floats, expected.Floats), Is.LessThan(1e-5));

        LambdaIntervention Seeing(string name) =>
            new(values =>
            {
                seen.Add((name, values.Base));
                return null;
            });
    }

    [Test]
    public void A_small_model_is_an_intervention()
    {
        var graph = new Graph("both");
        var (@base, source) = (Input(graph, "base"), Input(graph, "source"));
        var scale = graph.AddInitializer("scale", TensorData.FromFloats([1], [3f]));
        var product = graph.AddNode("", new OperatorKey("", "Mul"), [source, scale], ["product"], []);
        graph.AddOutput(graph.AddNode("", new OperatorKey("", "Add"), [@base, product.Output], ["sum"], []).Output);
        using var custom = TinyModels.Load(TinyModels.At(1, CustomIntervention.FromModel(Wrapped(graph, 18))));
        using var addition = TinyModels.Load(TinyModels.At(1, new AdditionIntervention()));
        var locations = UnitLocations.SourcesToBase(2, 3);

        var made = custom.Run(s_base, [s_source], locations, new RunSettings { OutputOriginalOutput = true });
        var added = addition.Run(s_base, [s_source], locations, new RunSettings { Coefficients = [Coefficient.Of(3)] });

        Assert.That(
            Difference.Largest(made.Intervened.Logits.Floats, added.Intervened.Logits.Floats),
            Is.LessThan(1e-5)
        );
        Assert.That(
            Difference.Largest(made.Intervened.Logits.Floats, made.Original!.Logits.Floats),
            Is.GreaterThan(0.1)
        );
    }

    [Test]
    public void A_small_model_of_another_operator_set_or_with_other_inputs_is_refused()
    {
        var odd = new Graph("odd");
        odd.AddOutput(odd.AddNode("", new OperatorKey("", "Relu"), [Input(odd, "x")], ["y"], []).Output);
        var old = new Graph("old");
        old.AddOutput(old.AddNode("", new OperatorKey("", "Relu"), [Input(old, "base")], ["y"], []).Output);
        using var model = TinyModels.Load(TinyModels.At(1, CustomIntervention.FromModel(Wrapped(old, 12))));

        Assert.That(
            () => CustomIntervention.FromModel(Wrapped(odd, 18)),
            Throws.TypeOf<InterventionException>().With.Message.Contains("the input 'x'")
        );
        Assert.That(
            () => model.Run(s_base),
            Throws
                .TypeOf<InterventionException>()
                .With.Message.Contains("operator set 12, but the model it goes into 18")
        );
    }

    [Test]
    public void A_mean_of_what_was_collected_ablates()
    {
        var location = UnitLocation.At(0, 4);
        NumericArray[] collected =
        [
            TinyModels.Collect(s_base, location, 1),
            TinyModels.Collect(s_source, UnitLocation.At(2), 1),
        ];
        var rows = collected.SelectMany(array => array.Floats.ToArray().Chunk(32)).ToList();
        var average = Enumerable.Range(0, 32).Select(dimension => rows.Average(row => row[dimension])).ToArray();
        using var mean = TinyModels.Load(
            TinyModels.At(1, MeanIntervention.Of(collected)),
            TinyModels.At(1, new CollectIntervention())
        );

        var ablated = mean.Run(s_base, unitLocations: TinyModels.Base(location, location));

        Assert.That(rows, Has.Count.EqualTo(6));
        foreach (var row in ablated.Collected[0].Floats.ToArray().Chunk(32))
            Assert.That(Difference.Largest(row, average), Is.LessThan(1e-6));
        Assert.That(
            () => MeanIntervention.Of(collected[0], TinyModels.Waves(2, 16)),
            Throws.TypeOf<InterventionException>().With.Message.Contains("32 and 16 wide")
        );
        Assert.That(() => MeanIntervention.Of(), Throws.TypeOf<InterventionException>());
    }

    [Test]
    public void Linked_interventions_are_one()
    {
        var rotated = new RepresentationConfig
        {
            Layer = 0,
            InterventionType = InterventionType.RotatedSpace,
            InterventionLinkKey = 4,
        };
        using var linked = TinyModels.Load(rotated, rotated with { Layer = 2 });
        using var apart = TinyModels.Load(
            TinyModels.At(0, linked.Interventions[0]),
            TinyModels.At(2, linked.Interventions[0])
        );
        var (locations, half) = (
            UnitLocations.SourcesToBase(2),
            new RunSettings { Subspaces = Subspaces.Of([.. Enumerable.Range(0, 16)]) }
        );

        var together = linked.Run(s_base, [s_source], locations, half).Intervened.Logits;

        Assert.That(linked.Interventions[1], Is.SameAs(linked.Interventions[0]));
        Assert.That(
            Difference.Largest(
                together.Floats,
                apart.Run(s_base, [s_source], locations, half).Intervened.Logits.Floats
            ),
            Is.LessThan(1e-5)
        );
    }

    private static Value Input(Graph graph, string name) =>
        graph.AddInput(name, new TensorType(ElementType.Float32, new Shape([Dimension.Unknown, Dimension.Unknown])));

    private static Model Wrapped(Graph graph, long operatorSet) =>
        new(graph, 8, ImmutableSortedDictionary<string, long>.Empty.Add("", operatorSet));

    private static Value TensorOf(ComponentMap map, string component) =>
        ((TensorSource)map.Get(1, component).Source).Value;

    private static float[] Run(Model model)
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("model.onnx");
        OnnxFile.Save(model, path);
        using var plain = IntervenableModel.Load(path, IntervenableConfig.Empty, new ExecutionOptions { Threads = 1 });
        return plain.Run(s_base).Intervened.Logits.Floats.ToArray();
    }
}
