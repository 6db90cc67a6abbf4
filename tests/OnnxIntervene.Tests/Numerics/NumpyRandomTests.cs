using OnnxIntervene.Formats;
using OnnxIntervene.Numerics;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Numerics;

public sealed class NumpyRandomTests
{
    [TestCase(
        1u,
        new[] { 1.6243453636632417, -0.6117564136500754, -0.5281717522634557, -1.0729686221561705, 0.8654076293246785 }
    )]
    [TestCase(0u, new[] { 1.764052345967664, 0.4001572083672233 })]
    public void The_first_normal_numbers_are_numpys(uint seed, double[] expected) =>
        Assert.That(new NumpyRandom(seed).StandardNormal(expected.Length), Is.EqualTo(expected).Within(1e-15));

    [Test]
    public void The_number_that_is_left_over_comes_first_in_the_next_call()
    {
        var together = new NumpyRandom(5).StandardNormal(9);
        var random = new NumpyRandom(5);

        Assert.That(random.StandardNormal(4).Concat(random.StandardNormal(5)), Is.EqualTo(together));
    }

    [TestCase("gpt2")]
    [TestCase("llama")]
    public void The_references_noise_is_that_of_RandomState_1(string family)
    {
        var tensors = SafetensorsFile.Open(
            Path.Combine(RepositoryPaths.OwnReferences, "families", family, "tensors.safetensors")
        );
        var noise = tensors.Read("noise/four-positions.0.noise");

        var own = new NumpyRandom(1).StandardNormal(noise.Length).Select(number => (float)number).ToArray();

        Assert.That(own, Has.Length.GreaterThanOrEqualTo(128));
        Assert.That(Difference.Largest(own, noise.Floats), Is.Zero);
    }
}
