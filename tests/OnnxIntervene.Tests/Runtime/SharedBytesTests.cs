using OnnxIntervene.Components;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Files;

namespace OnnxIntervene.Tests.Runtime;

/// <summary>Weights that are the same bytes of a file in two shapes.</summary>
public sealed class SharedBytesTests
{
    private const int Short = 32;
    private const int Long = 64;
    private const int Count = Short * Long;

    [Test]
    public void Weights_of_two_shapes_may_be_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        var numbers = Enumerable.Range(0, Count).Select(index => (index % 97) / 97f).ToArray();
        File.WriteAllBytes(
            folder.File("weights.bin"),
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(numbers.AsSpan()).ToArray()
        );
        var sketch = new ModelSketch(8, 17);
        var span = new FileSpan(folder.File("weights.bin"), 0, Count * sizeof(float));
        var up = sketch.Constant("up", TensorData.FromFile(ElementType.Float32, [Short, Long], span));
        var down = sketch.Constant("down", TensorData.FromFile(ElementType.Float32, [Long, Short], span));
        var hidden = sketch.Op("hidden", "MatMul", [sketch.Input("x", -1, 1, Short), up]);
        var y = sketch.Op("y", "MatMul", [hidden, down]);
        y.Type = ModelSketch.Type(ElementType.Float32, -1, 1, Short);
        var model = sketch.Build(y);
        using var weights = new SharedWeights();
        using var session = InterventionSession.Open(
            Splicer.Splice(model, ComponentMap.Find(model), []),
            new ExecutionOptions { Threads = 1 },
            weights
        );
        var inputs = new ModelInputs(
            System.Collections.Immutable.ImmutableDictionary<string, NumericArray>.Empty.Add(
                "x",
                NumericArray.Of(
                    new float[] { 1 }
                        .Concat(new float[Short - 1])
                        .ToArray(),
                    1,
                    1,
                    Short
                )
            )
        );

        var result = session.Run(inputs, [], ["y"])[0];

        Assert.That(weights.ByteCount, Is.EqualTo(Count * sizeof(float)), "the weights are shared");
        Assert.That(result.Floats.ToArray(), Is.EqualTo(Expected(numbers)).Within(1e-4));
    }

    // The first row of [short, long], times [long, short].
    private static float[] Expected(float[] numbers) =>
        [
            .. Enumerable
                .Range(0, Short)
                .Select(column =>
                    Enumerable.Range(0, Long).Sum(inner => numbers[inner] * numbers[(inner * Short) + column])
                ),
        ];
}
