using OnnxIntervene.Benchmarks;
using OnnxIntervene.Execution;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Patching;
using OnnxIntervene.Studies.Prompts;
using static TorchSharp.torch;

namespace OnnxIntervene.Peers;

/// <summary>
/// Activation patching of every layer and position, here and in torch, where a hook writes one cell a run.
/// </summary>
internal static class SweepPeer
{
    private const int Answer = 5;
    private const int Wrong = 9;

    public static void Measure(LoadedModel model, TorchGpt2 torch, PeerTexts texts, int rounds)
    {
        var request = new PatchSweepRequest
        {
            Prompts =
            [
                new StudyPrompt
                {
                    Inputs = ModelInputs.FromTokens(texts.Rows[0]),
                    Corrupt = ModelInputs.FromTokens(texts.Rows[1]),
                    Answer = Answer,
                    Wrong = Wrong,
                },
            ],
            Components = ["block_output"],
        };
        // The first sweep opens sessions.
        PatchSweep.Run(model, request);
        var (own, other) = (new List<double>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            own.Add(ProcessorTime.Of(() => PatchSweep.Run(model, request)));
            other.Add(ProcessorTime.Of(() => Hooks(torch, texts)));
        }

        var (here, there) = (ProcessorTime.Median(own), ProcessorTime.Median(other));
        Console.WriteLine(
            $"patching {torch.Layers} × {texts.Length}: {here:F2} s; in torch by hooks {there:F2} s "
                + $"({there / here:F1} ×)"
        );
    }

    private static double[,] Hooks(TorchGpt2 torch, PeerTexts texts)
    {
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        var (clean, corrupt) = (texts.All.narrow(0, 0, 1), texts.All.narrow(0, 1, 1));
        var streams = new List<Tensor> { torch.Layer(torch.Embed(clean), 0, 1) };
        for (var layer = 1; layer < torch.Layers; layer++)
            streams.Add(torch.Layer(streams[^1], layer, layer + 1));
        var effects = new double[torch.Layers, texts.Length];
        for (var layer = 0; layer < torch.Layers; layer++)
        {
            for (var position = 0; position < texts.Length; position++)
                effects[layer, position] = Cell(torch, corrupt, streams[layer], layer, position);
        }

        return effects;
    }

    private static double Cell(TorchGpt2 torch, Tensor corrupt, Tensor clean, int layer, int position)
    {
        using var scope = NewDisposeScope();
        var logits = torch.Run(
            corrupt,
            layer,
            stream =>
            {
                stream.select(1, position).copy_(clean.select(1, position));
                return stream;
            }
        );
        var last = logits.select(1, -1);
        return last[0, Answer].item<float>() - last[0, Wrong].item<float>();
    }
}
