using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Reading;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Studies;

/// <summary>Components over many examples, some at a time.</summary>
public sealed class ComponentCollectionTests
{
    private static readonly IntervenableConfig s_config = new()
    {
        Representations =
        [
            new() { Layer = 1, InterventionType = InterventionType.Collect },
            new()
            {
                Layer = 0,
                Component = "head_attention_value_output",
                Unit = "h.pos",
                InterventionType = InterventionType.Collect,
            },
        ],
    };

    [Test]
    public void A_collection_that_was_ended_goes_on_from_its_parts()
    {
        using var folder = new TemporaryFolder();
        using var model = ReferenceExports.Load("gpt2/optimum/model.onnx");
        var inputs = Inputs(7, 1);
        var whole = ComponentCollection.Run(model, s_config, inputs);
        var options = new CollectionOptions { BatchSize = 2, Parts = folder.File("parts") };
        using var stop = new CancellationTokenSource();

        Assert.That(
            () => ComponentCollection.Run(model, s_config, inputs, options, new Told(stop, 4), stop.Token),
            Throws.InstanceOf<OperationCanceledException>()
        );
        var kept = Directory.GetFiles(folder.File("parts"));
        var written = kept.Select(File.GetLastWriteTimeUtc).ToList();
        var parts = ComponentCollection.Run(model, s_config, inputs, options);

        Assert.That(kept.Select(Path.GetFileName), Is.EquivalentTo(new[] { "0-1.safetensors", "2-3.safetensors" }));
        Assert.That(kept.Select(File.GetLastWriteTimeUtc), Is.EqualTo(written), "what is done is not done again");
        foreach (var (own, other) in parts.Zip(whole))
        {
            Assert.That(own.Shape, Is.EqualTo(other.Shape));
            Assert.That(own.Floats.ToArray(), Is.EqualTo(other.Floats.ToArray()).Within(1e-5));
        }

        Assert.That(
            () => ComponentCollection.Run(model, s_config, Inputs(7, 2), options),
            Throws.TypeOf<InterventionException>().With.Message.Contains("another collection")
        );
        File.WriteAllText(kept[0], "no part");
        Assert.That(
            () => ComponentCollection.Run(model, s_config, inputs, options),
            Throws.TypeOf<ModelFormatException>()
        );
    }

    private static ModelInputs Inputs(int count, int seed)
    {
        var random = new Random(seed);
        return ModelInputs.FromTokens([
            .. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, 5).Select(_ => random.Next(100)).ToList()),
        ]);
    }

    private sealed class Told(CancellationTokenSource stop, int at) : IProgress<SweepProgress>
    {
        public void Report(SweepProgress value)
        {
            if (value.Done == at)
                stop.Cancel();
        }
    }
}
