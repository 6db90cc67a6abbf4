using OnnxIntervene.Baking;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Planning;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Files;

namespace OnnxIntervene.Tests.Baking;

/// <summary>
/// A file whose outputs are no numbers is not written, even where the intervened model's are none either.
/// </summary>
public sealed class NotFiniteBakeTests
{
    [TestCase(BakedNumbers.Constant)]
    [TestCase(BakedNumbers.Overridable)]
    [TestCase(BakedNumbers.Adapter)]
    public void A_product_beyond_32_bits_is_refused(BakedNumbers numbers)
    {
        Assert.That(
            () => Bake(BakingSamples.Folder("gpt2/optimum"), 3e38f, scale: 4, numbers),
            Throws.TypeOf<InterventionException>().With.Message.Contains("times the coefficient")
        );
    }

    [Test]
    public void A_product_beyond_16_bits_is_refused_for_a_model_of_these()
    {
        using var folder = new TemporaryFolder();
        OnnxFile.Save(
            HalfPrecision.Of(OnnxFile.Load(Path.Combine(BakingSamples.Folder("llama/optimum"), "model.onnx"))),
            folder.File("model.onnx")
        );

        Assert.That(
            () => Bake(folder.Path, 1e6f, scale: 1, BakedNumbers.Constant),
            Throws.TypeOf<InterventionException>().With.Message.Contains("at most 65504")
        );
        Assert.That(() => Bake(folder.Path, 10, scale: 1, BakedNumbers.Constant), Throws.Nothing);
    }

    [Test]
    public void Outputs_that_become_no_numbers_are_refused()
    {
        Assert.That(
            () => Bake(BakingSamples.Folder("gpt2/optimum"), 1e38f, scale: 3, BakedNumbers.Constant, 0, 1),
            Throws.TypeOf<InterventionException>().With.Message.Contains("NaN or infinite"),
            "each vector is finite, and their sum is not"
        );
    }

    private static void Bake(
        string model,
        float coefficient,
        float scale,
        BakedNumbers numbers,
        params ReadOnlySpan<int> layers
    )
    {
        using var output = new TemporaryFolder();
        using var loaded = LoadedModel.Load(model, BakingSamples.OneThread);
        var vector = Repeated(scale, loaded.Components.Get(1, ComponentNames.BlockOutput).Width);
        int[] chosen = layers.IsEmpty ? [1] : [.. layers];
        using var intervened = loaded.With(
            new IntervenableConfig
            {
                Representations =
                [
                    .. chosen.Select(layer => BakingSamples.Addition(layer, ComponentNames.BlockOutput, vector)),
                ],
            }
        );
        var request = new BakeRequest
        {
            Numbers = numbers,
            Settings = new RunSettings { Coefficients = [.. chosen.Select(_ => Coefficient.Of(coefficient))] },
        };
        try
        {
            Baker.Write(intervened, request, output.File("out"));
        }
        finally
        {
            Assert.That(Directory.GetFileSystemEntries(output.Path), Has.Length.LessThan(2));
        }
    }

    private static NumericArray Repeated(float number, int width) =>
        NumericArray.Of(Enumerable.Repeat(number, width).ToArray(), width);
}
