using OnnxIntervene.Components.MapFiles;
using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Execution;

/// <summary>Inputs of any kind from files, and what becomes of outputs that are no logits.</summary>
public sealed class InputFileTests
{
    private static readonly Model s_vit = Load("vit/optimum");
    private static readonly Model s_decoder = Load("t5-decoder/optimum");

    [Test]
    public void Each_tensor_of_a_safetensors_file_is_the_input_of_its_name()
    {
        using var folder = new TemporaryFolder();
        var (states, tokens) = (NumericArray.Of(new float[2 * 9 * 32], 2, 9, 32), NumericArray.Of(new long[12], 2, 6));
        SafetensorsFile.Write(
            folder.File("a.safetensors"),
            new Dictionary<string, NumericArray> { ["encoder_hidden_states"] = states, ["input_ids"] = tokens }
        );

        var inputs = InputFile.Read(folder.File("a.safetensors"), s_decoder);

        Assert.That(inputs.Arrays.Keys, Is.EquivalentTo(new[] { "encoder_hidden_states", "input_ids" }));
        Assert.That(string.Join(' ', inputs.Arrays["encoder_hidden_states"].Shape), Is.EqualTo("2 9 32"));
        Assert.That(inputs.BatchSize, Is.EqualTo(2));
    }

    [Test]
    public void An_npy_file_is_the_input_that_is_left_to_give()
    {
        using var folder = new TemporaryFolder();
        NumpyFile.Write(folder.File("a.npy"), NumericArray.Of(new float[9 * 32], 1, 9, 32));

        var inputs = InputFile.Read(folder.File("a.npy"), s_decoder, ModelInputs.FromTokens([1, 2, 3]));

        Assert.That(inputs.Arrays["encoder_hidden_states"].Shape, Is.EqualTo(new[] { 1, 9, 32 }));
        Assert.That(inputs.Length, Is.EqualTo(3));
    }

    [Test]
    public void Whole_numbers_serve_an_input_of_floats()
    {
        using var folder = new TemporaryFolder();
        NumpyFile.Write(folder.File("a.npy"), NumericArray.Of(Enumerable.Repeat(255L, 768).ToArray(), 1, 3, 16, 16));

        Assert.That(InputFile.Read(folder.File("a.npy"), s_vit).Arrays["pixel_values"].Floats[5], Is.EqualTo(255f));
    }

    [Test]
    public void What_does_not_fit_is_refused_before_anything_runs()
    {
        using var folder = new TemporaryFolder();
        NumpyFile.Write(folder.File("flat.npy"), NumericArray.Of(new float[768], 1, 768));
        SafetensorsFile.Write(
            folder.File("other.safetensors"),
            new Dictionary<string, NumericArray> { ["pixels"] = NumericArray.Of(new float[1], 1) }
        );
        SafetensorsFile.Write(
            folder.File("twice.safetensors"),
            new Dictionary<string, NumericArray> { ["input_ids"] = NumericArray.Of(new long[1], 1, 1) }
        );
        File.WriteAllBytes(folder.File("cut.npy"), [0x93, 0x4E]);

        Refused("flat.npy", s_vit, "but floats[1, 768] was given");
        Refused("other.safetensors", s_vit, "no input 'pixels'. It has: pixel_values");
        Refused("twice.safetensors", s_decoder, "'input_ids' is given twice", ModelInputs.FromTokens([1]));
        Refused("picture.png", s_vit, "must end in .npy or .safetensors");
        Assert.That(() => InputFile.Read(folder.File("cut.npy"), s_vit), Throws.TypeOf<ModelFormatException>());
        Assert.That(() => InputFile.Read(folder.File("none.npy"), s_vit), Throws.TypeOf<ModelFormatException>());

        void Refused(string file, Model model, string message, ModelInputs? given = null) =>
            Assert.That(
                () => InputFile.Read(folder.File(file), model, given),
                Throws.TypeOf<InterventionException>().With.Message.Contains(message)
            );
    }

    [TestCase("vit/optimum", OutputKind.Classes)]
    [TestCase("mlp/torchscript", OutputKind.Classes)]
    [TestCase("whisper-encoder/torchscript", OutputKind.Values)]
    [TestCase("gru/gru-op", OutputKind.Values)]
    [TestCase("t5-decoder/optimum", OutputKind.Tokens)]
    [TestCase("gpt2/optimum", OutputKind.Tokens)]
    public void The_first_output_is_known_for_what_it_is(string export, OutputKind kind)
    {
        var family = ReferenceFamily
            .All(RepositoryPaths.OwnReferences)
            .Single(family => family.Name == export.Split('/')[0]);
        var inputs = family.Inputs(family.Cases[0].Base);
        using var model = IntervenableModel.Load(PathOf(export), IntervenableConfig.Empty);

        Assert.That(model.KindOf(model.Run(inputs).Intervened.Logits, inputs), Is.EqualTo(kind));
    }

    [Test]
    public void A_difference_is_the_largest_and_the_mean_of_all_elements()
    {
        var difference = OutputDifference.Of(
            NumericArray.Of(new float[] { 1, 2, 3, 4 }, 2, 2),
            NumericArray.Of(new float[] { 1, 2.5f, 1, 4 }, 2, 2)
        );
        var undefined = OutputDifference.Of(
            NumericArray.Of(new[] { 1f, 2f }, 2),
            NumericArray.Of(new[] { float.NaN, 2f }, 2)
        );

        Assert.That(difference, Is.EqualTo(new OutputDifference(2, 0.625, 2, 4)));
        Assert.That(undefined.Largest, Is.NaN);
        Assert.That(
            () => OutputDifference.Of(NumericArray.Of(new float[2], 2), NumericArray.Of(new float[3], 3)),
            Throws.ArgumentException
        );
    }

    [Test]
    public void A_map_reaches_the_spliced_graph()
    {
        var family = ReferenceFamily.All(RepositoryPaths.OwnReferences).Single(family => family.Name == "gpt2");
        var inputs = family.Inputs(family.Cases[0].Base);
        var config = new IntervenableConfig
        {
            Representations =
            [
                .. new[] { "block_output", "probe" }.Select(name => new RepresentationConfig
                {
                    Layer = 1,
                    Component = name,
                    InterventionType = InterventionType.Collect,
                }),
            ],
        };
        using var plain = IntervenableModel.Load(PathOf("gpt2/optimum"), IntervenableConfig.Empty);
        var tensor = plain.Components.Get(1, "block_output").Source.Description;
        var map = ComponentMapFile.Parse(
            $$"""{"components": [{"layer": 1, "component": "probe", "tensor": "{{tensor}}", "range": [8, 24]}]}"""
        );
        using var model = IntervenableModel.Load(PathOf("gpt2/optimum"), config, map: map);

        var collected = model.Run(inputs).Collected;

        Assert.That(collected[1].Shape, Is.EqualTo(collected[0].Shape.SetItem(2, 16)));
        Assert.That(collected[1].Floats[..16].SequenceEqual(collected[0].Floats[8..24]));
        Assert.That(model.Splice().Sites[1].Component.Source.Description, Does.Contain("8:24"));
        Assert.That(() => model.Explain(inputs), Throws.Nothing);
    }

    private static Model Load(string export) => OnnxFile.Load(PathOf(export));

    private static string PathOf(string export) =>
        Path.Combine(RepositoryPaths.OwnReferences, "families", export, "model.onnx");
}
