using OnnxIntervene.Benchmarks;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Runtime;
using OnnxIntervene.Training;
using OnnxIntervene.Training.Optimizers;
using static TorchSharp.torch;

namespace OnnxIntervene.Peers;

/// <summary>
/// Steps of distributed alignment search at one position of the middle layer, here and in torch, in turn in one
/// process.
/// </summary>
internal static class TrainingPeer
{
    private const int Position = 8;

    public static void Measure(LoadedModel model, TorchGpt2 torch, PeerTexts texts, int rounds)
    {
        var width = model.Components.Get(0, "block_output").Width;
        Compare(model, torch, texts, rounds, InterventionType.LowRankRotatedSpace, width, 16);
        Compare(model, torch, texts, rounds, InterventionType.RotatedSpace, width, width);
    }

    private static void Compare(
        LoadedModel model,
        TorchGpt2 torch,
        PeerTexts texts,
        int rounds,
        InterventionType kind,
        int width,
        int rank
    )
    {
        var layer = model.Components.LayerCount / 2;
        using var intervenable = model.With(Config(layer, kind, rank == width ? null : rank));
        using var trainer = new Trainer(intervenable, new TrainingOptions { Optimizer = new Adam(1e-3) });
        using var rotation = new TorchRotation(width, rank);
        var (whole, least, plain) = (new List<double>(), new List<double>(), new List<double>());
        var turns = new Turns(() =>
        {
            whole.Add(ProcessorTime.Of(() => Whole(torch, rotation, texts, layer)));
            least.Add(ProcessorTime.Of(() => Least(torch, rotation, texts, layer)));
            plain.Add(ProcessorTime.Of(() => Plain(torch, texts)));
        });
        trainer.Fit(
            Set(texts),
            new FitOptions
            {
                Epochs = rounds + 1,
                BatchSize = texts.Batch,
                Shuffles = false,
                Progress = turns,
            }
        );
        // The first opens sessions, and torch's first fills its caches.
        var own = ProcessorTime.Median(turns.Own.Skip(1));
        Console.WriteLine(
            $"{kind} of rank {rank}: a step {own * 1e3:F0} ms; in torch by hooks {Text(whole, own)}, "
                + $"with no more than is needed {Text(least, own)}; a plain run of torch {Text(plain, own)}"
        );
    }

    private static string Text(List<double> times, double own) =>
        $"{ProcessorTime.Median(times.Skip(1)) * 1e3:F0} ms ({ProcessorTime.Median(times.Skip(1)) / own:F1} ×)";

    // What a hook on a torch module does: both texts run as wholes, and all logits are computed.
    private static void Whole(TorchGpt2 torch, TorchRotation rotation, PeerTexts texts, int layer)
    {
        using var scope = NewDisposeScope();
        Tensor? source = null;
        using (no_grad())
            torch.Run(texts.Sources, layer, stream => source = stream);
        var logits = torch.Run(texts.Bases, layer, stream => Exchanged(stream, source!, rotation));
        rotation.Step(nn.functional.cross_entropy(logits.select(1, -1), texts.Labels));
    }

    // The source up to the layer, the base without gradients up to there, logits of the last position.
    private static void Least(TorchGpt2 torch, TorchRotation rotation, PeerTexts texts, int layer)
    {
        using var scope = NewDisposeScope();
        Tensor source;
        Tensor stream;
        using (no_grad())
        {
            source = torch.Layer(torch.Embed(texts.Sources), 0, layer + 1);
            stream = torch.Layer(torch.Embed(texts.Bases), 0, layer + 1);
        }

        stream = torch.Layer(Exchanged(stream, source, rotation), layer + 1, torch.Layers);
        rotation.Step(nn.functional.cross_entropy(torch.Logits(stream.select(1, -1)), texts.Labels));
    }

    private static void Plain(TorchGpt2 torch, PeerTexts texts)
    {
        using var scope = NewDisposeScope();
        using var mode = no_grad();
        torch.Run(texts.Bases, 0, stream => stream);
    }

    private static Tensor Exchanged(Tensor stream, Tensor source, TorchRotation rotation)
    {
        var weight = rotation.Weight();
        var own = stream.select(1, Position);
        var written = own + (source.select(1, Position) - own).matmul(weight).matmul(weight.t());
        return cat([stream.narrow(1, 0, Position), written.unsqueeze(1), After(stream)], 1);
    }

    private static Tensor After(Tensor stream) => stream.narrow(1, Position + 1, stream.shape[1] - Position - 1);

    private static TrainingSet Set(PeerTexts texts) =>
        new(
            Enumerable
                .Range(0, texts.Batch)
                .Select(row => new TrainingExample(
                    ModelInputs.FromTokens(texts.Rows[row]),
                    [ModelInputs.FromTokens(texts.Rows[texts.Batch + row])],
                    texts.Answers[row]
                )
                {
                    UnitLocations = UnitLocations.SourcesToBase(Position),
                })
                .ToList()
        );

    private static IntervenableConfig Config(int layer, InterventionType kind, int? rank) =>
        new()
        {
            Representations =
            [
                new()
                {
                    Layer = layer,
                    Component = "block_output",
                    InterventionType = kind,
                    LowRankDimension = rank,
                },
            ],
        };

    // After each step of our own, steps of torch.
    private sealed class Turns(Action other) : IProgress<FitProgress>
    {
        private double _last = ProcessorTime.Now;

        public List<double> Own { get; } = [];

        public void Report(FitProgress value)
        {
            Own.Add(ProcessorTime.Now - _last);
            other();
            _last = ProcessorTime.Now;
        }
    }
}
