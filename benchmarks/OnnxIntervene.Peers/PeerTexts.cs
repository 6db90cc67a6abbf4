using static TorchSharp.torch;

namespace OnnxIntervene.Peers;

/// <summary>Random texts and answers, for both. Owns torch's tensors of them.</summary>
internal sealed class PeerTexts : IDisposable
{
    private const int Vocabulary = 50000;

    public PeerTexts(int batch, int length)
    {
        (Batch, Length) = (batch, length);
        var random = new Random(3);
        Rows = [.. Enumerable.Range(0, 2 * batch).Select(_ => Text(random))];
        Answers = [.. Enumerable.Range(0, batch).Select(_ => random.Next(Vocabulary))];
        All = tensor(Rows.SelectMany(row => row).Select(token => (long)token).ToArray(), [2 * batch, length]);
        Labels = tensor(Answers.Select(answer => (long)answer).ToArray());
    }

    public int Batch { get; }

    public int Length { get; }

    /// <summary>The bases, then the sources.</summary>
    public int[][] Rows { get; }

    public int[] Answers { get; }

    /// <summary>The bases, then the sources, <c>[2 · batch, length]</c>.</summary>
    public Tensor All { get; }

    public Tensor Bases => All.narrow(0, 0, Batch);

    public Tensor Sources => All.narrow(0, Batch, Batch);

    public Tensor Labels { get; }

    public void Dispose()
    {
        All.Dispose();
        Labels.Dispose();
    }

    private int[] Text(Random random) => [.. Enumerable.Range(0, Length).Select(_ => random.Next(Vocabulary))];
}
