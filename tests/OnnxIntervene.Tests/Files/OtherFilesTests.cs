using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Files;

/// <summary>
/// Any file loads, prints, verifies and comes back, and takes interventions at a tensor's name that do what they say.
/// </summary>
public sealed class OtherFilesTests
{
    private static readonly InterventionType[] s_swapping =
    [
        InterventionType.Vanilla,
        InterventionType.RotatedSpace,
        InterventionType.LowRankRotatedSpace,
        InterventionType.BoundlessRotatedSpace,
        InterventionType.SigmoidMask,
        InterventionType.SigmoidMaskRotatedSpace,
    ];

    private static readonly ExecutionOptions s_options = new() { Threads = 1 };

    // The second unit of the first example, the third of the second.
    private static readonly UnitLocation s_units = new([
        [1],
        [2],
    ]);

    public static IEnumerable<TestCaseData> Samples() =>
        FloatSamples
            .All()
            .Concat(QuantizedSamples.All())
            .Select(sample => new TestCaseData(sample).SetArgDisplayNames(sample.Name));

    [TestCaseSource(nameof(Samples))]
    public void A_file_comes_back_as_it_was(object item)
    {
        var sample = (FileSample)item;
        using var folder = new TemporaryFolder();
        OnnxFile.Save(sample.Model, folder.File("one.onnx"));
        var loaded = OnnxFile.Load(folder.File("one.onnx"));
        OnnxFile.Save(loaded, folder.File("two.onnx"));

        Assert.That(GraphVerifier.FindFaults(loaded), Is.Empty);
        Assert.That(GraphPrinter.Print(loaded), Is.EqualTo(GraphPrinter.Print(sample.Model)));
        Assert.That(File.ReadAllBytes(folder.File("two.onnx")), Is.EqualTo(File.ReadAllBytes(folder.File("one.onnx"))));
        var output = sample.Model.Graph.Outputs[0].Name;
        Assert.That(
            PlainRun.Output(loaded, sample.Arrays, output).Floats.ToArray(),
            Is.EqualTo(PlainRun.Output(sample.Model, sample.Arrays, output).Floats.ToArray())
        );
    }

    [TestCaseSource(nameof(Samples))]
    public void A_collect_gives_what_the_tensor_holds(object item)
    {
        var sample = (FileSample)item;
        var tapped = sample.Model.Copy();
        tapped.Graph.AddOutput(tapped.Graph.FindValue(sample.Tensor)!);
        var tensor = PlainRun.Output(tapped, sample.Arrays, sample.Tensor);

        var collected = Run(sample, InterventionType.Collect).Collected[0];

        var width = tensor.Length / tensor.Shape[0] / tensor.Shape[1];
        float[] expected =
        [
            .. tensor.Floats.Slice(width, width),
            .. tensor.Floats.Slice((tensor.Shape[1] + 2) * width, width),
        ];
        Assert.That(collected.Shape.AsSpan()[..2].ToArray(), Is.EqualTo(new[] { FileSample.Batch, 1 }));
        Assert.That(Difference.Largest(collected.Floats, expected), Is.LessThanOrEqualTo(sample.Tolerance));
        Assert.That(expected, Has.Some.Not.Zero);
    }

    [TestCaseSource(nameof(Samples))]
    public void A_zero_does_what_a_model_with_a_mask_does(object item)
    {
        var sample = (FileSample)item;
        var plain = PlainRun.Output(sample.Model, sample.Arrays, sample.Model.Graph.Outputs[0].Name);
        var tapped = sample.Model.Copy();
        tapped.Graph.AddOutput(tapped.Graph.FindValue(sample.Tensor)!);
        var units = PlainRun.Output(tapped, sample.Arrays, sample.Tensor).Shape;

        var result = Run(sample, InterventionType.Zero);

        var expected = Masked(sample, units.Length, units[1]);
        Assert.That(
            Difference.Largest(result.Intervened.Logits.Floats, expected.Floats),
            Is.LessThanOrEqualTo(sample.Tolerance)
        );
        Assert.That(
            Difference.Largest(expected.Floats, plain.Floats),
            Is.GreaterThan(1e-3),
            "the mask changes nothing"
        );
        Assert.That(
            Difference.Largest(result.Original!.Logits.Floats, plain.Floats),
            Is.LessThanOrEqualTo(sample.Tolerance)
        );
    }

    [TestCaseSource(nameof(Samples))]
    public void A_swap_with_itself_changes_nothing(object item)
    {
        var sample = (FileSample)item;

        var result = Run(sample, InterventionType.Vanilla);

        var difference = Difference.Largest(result.Intervened.Logits.Floats, result.Original!.Logits.Floats);
        Assert.That(difference, Is.LessThanOrEqualTo(sample.IsExact ? 0 : sample.Tolerance));
    }

    [Test, Combinatorial]
    public void What_a_kind_makes_of_another_run_is_the_same_in_an_old_file(
        [Values(7, 8, 9, 10)] int operatorSet,
        [ValueSource(nameof(s_swapping))] InterventionType type
    )
    {
        var (actual, expected) = (Swapped(operatorSet, type), Swapped(17, type));

        Assert.That(
            Difference.Largest(actual.Intervened.Logits.Floats, expected.Intervened.Logits.Floats),
            Is.LessThanOrEqualTo(2e-6)
        );
        Assert.That(
            Difference.Largest(actual.Intervened.Logits.Floats, actual.Original!.Logits.Floats),
            Is.GreaterThan(1e-3)
        );
    }

    private static RunResult Swapped(int operatorSet, InterventionType type)
    {
        var sample = FileSample.Of("texts", FloatSamples.Texts(8, operatorSet), "hidden");
        using var folder = new TemporaryFolder();
        OnnxFile.Save(sample.Model, folder.File("model.onnx"));
        var source = sample.Arrays["states"];
        var other = NumericArray.Of(
            Array.ConvertAll(source.Floats.ToArray(), number => 1 - number),
            source.Shape.AsSpan()
        );
        var config = new IntervenableConfig
        {
            Representations =
            [
                new()
                {
                    Component = "hidden",
                    InterventionType = type,
                    LowRankDimension = 5,
                    MaxNumberOfUnits = s_units.Units[0].Length,
                },
            ],
        };
        using var model = IntervenableModel.Load(folder.File("model.onnx"), config, s_options);
        var settings = new RunSettings
        {
            OutputOriginalOutput = true,
            Subspaces = type.TakesSubspaces ? Subspaces.Of(1, 4) : Subspaces.Whole,
        };
        return model.Run(
            sample.Inputs(),
            [new ModelInputs(sample.Arrays.SetItem("states", other))],
            UnitLocations.SourcesToBase(s_units),
            settings
        );
    }

    [TestCase("small", "Int8")]
    [TestCase("again", "Int8")]
    [TestCase("packed", "Int4")]
    public void A_tensor_of_integers_is_refused_by_its_name(string tensor, string type)
    {
        var map = ComponentMap.Find(QuantizedSamples.QuantizeAndBack(21, ElementType.Int4));

        Assert.That(
            () => map.Get(0, tensor),
            Throws.TypeOf<InterventionException>().With.Message.Contains(tensor).And.Message.Contains(type)
        );
    }

    [Test]
    public void Short_floats_are_spliced_and_verified_and_run_where_the_device_can()
    {
        using var folder = new TemporaryFolder();
        OnnxFile.Save(FloatSamples.ShortFloats(), folder.File("model.onnx"));
        var loaded = OnnxFile.Load(folder.File("model.onnx"));

        var spliced = Splicer.Splice(
            loaded,
            ComponentMap.Find(loaded),
            [new SpliceSite(new ComponentAddress(0, "hidden"), InterventionType.Zero)]
        );

        Assert.That(GraphPrinter.Print(loaded), Is.EqualTo(GraphPrinter.Print(FloatSamples.ShortFloats())));
        Assert.That(GraphVerifier.FindFaults(spliced.Model), Is.Empty);
        Assert.That(
            () => InterventionSession.Open(spliced, s_options).Dispose(),
            Throws.TypeOf<ExecutionException>().With.Message.Contains("BFloat16").And.Message.Contains("cpu")
        );
    }

    [Test]
    public void Constants_of_an_old_file_stay_constants_when_interventions_raise_its_version()
    {
        var model = FloatSamples.Pictures(3, 8);

        var spliced = Splicer
            .Splice(
                model,
                ComponentMap.Find(model),
                [new SpliceSite(new ComponentAddress(0, "features"), InterventionType.Zero)]
            )
            .Model;

        Assert.That(spliced.IrVersion, Is.EqualTo(4));
        Assert.That(spliced.Graph.Inputs.Where(input => input.IsConstant), Is.Empty);
        Assert.That(model.IrVersion, Is.EqualTo(3));
        Assert.That(model.Graph.Inputs.Count(input => input.IsConstant), Is.EqualTo(4));
    }

    private static RunResult Run(FileSample sample, InterventionType type)
    {
        using var folder = new TemporaryFolder();
        OnnxFile.Save(sample.Model, folder.File("model.onnx"));
        var config = new IntervenableConfig
        {
            Representations = [new() { Component = sample.Tensor, InterventionType = type }],
        };
        using var model = IntervenableModel.Load(folder.File("model.onnx"), config, s_options);
        return model.Run(
            sample.Inputs(),
            type.NeedsSource ? [sample.Inputs()] : null,
            UnitLocations.SourcesToBase(s_units),
            new RunSettings { OutputOriginalOutput = true }
        );
    }

    // The same made by hand: the tensor times a mask that the caller gives.
    private static NumericArray Masked(FileSample sample, int rank, int units)
    {
        var model = sample.Model.Copy();
        var tensor = model.Graph.FindValue(sample.Tensor)!;
        var mask = model.Graph.AddInput(
            "mask",
            ModelSketch.Type(ElementType.Float32, [FileSample.Batch, units, .. Enumerable.Repeat(1L, rank - 2)])
        );
        var fitted = sample.Name.Contains("precision", StringComparison.Ordinal)
            ? model.Graph.AddNode("fit", new("", "CastLike"), [mask, tensor], ["fitted"], []).Output
            : mask;
        var product = model.Graph.AddNode("masked", new("", "Mul"), [tensor, fitted], ["masked_out"], []);
        model.Graph.Redirect(
            tensor,
            product.Output,
            NameScope.Of(model),
            product,
            product.Inputs[1]!.Producer ?? product
        );
        GraphOrder.Sort(model.Graph);
        var numbers = Enumerable.Repeat(1f, FileSample.Batch * units).ToArray();
        (numbers[1], numbers[units + 2]) = (0, 0);
        var shape = new[] { FileSample.Batch, units }.Concat(Enumerable.Repeat(1, rank - 2)).ToArray();
        return PlainRun.Output(
            model,
            sample.Arrays.Add("mask", NumericArray.Of(numbers, shape)),
            model.Graph.Outputs[0].Name
        );
    }
}
