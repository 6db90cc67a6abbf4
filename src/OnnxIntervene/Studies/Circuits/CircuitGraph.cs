using System.Collections.Immutable;

namespace OnnxIntervene.Studies.Circuits;

/// <summary>
/// Every edge of a model whose layers are an attention and a feed-forward: each node that writes to the stream, to each
/// input that reads it later. Edges are numbered by their readers, in the order in which these are computed.
/// </summary>
internal sealed class CircuitGraph
{
    private readonly ImmutableArray<int> _first;

    /// <param name="layers">How many layers there are.</param>
    /// <param name="heads">How many heads of queries a layer has.</param>
    /// <param name="sharing">How many of these share keys and values.</param>
    /// <param name="isParallel">Whether a layer's feed-forward reads the stream that its attention reads.</param>
    public CircuitGraph(int layers, int heads, int sharing, Func<int, bool> isParallel)
    {
        (Layers, Heads) = (layers, heads);
        Inputs = [.. Enumerable.Range(0, heads).SelectMany(head => InputsOf(head, sharing))];
        var senders = ImmutableArray.CreateBuilder<CircuitNode>();
        var receivers = ImmutableArray.CreateBuilder<CircuitReceiver>();
        senders.Add(new CircuitNode(CircuitNodeKind.Embedding));
        for (var layer = 0; layer < layers; layer++)
        {
            var before = senders.Count;
            for (var head = 0; head < heads; head++)
                senders.Add(new CircuitNode(CircuitNodeKind.Head, layer, head));

            foreach (var input in Inputs)
            {
                var node = new CircuitNode(CircuitNodeKind.Head, layer, input.Number * input.SharedBy);
                receivers.Add(new CircuitReceiver(node, input.Input, before) { SharedBy = input.SharedBy });
            }

            var feedForward = new CircuitNode(CircuitNodeKind.FeedForward, layer);
            receivers.Add(new CircuitReceiver(feedForward, null, isParallel(layer) ? before : senders.Count));
            senders.Add(feedForward);
        }

        receivers.Add(new CircuitReceiver(new CircuitNode(CircuitNodeKind.Logits), null, senders.Count));
        (Senders, Receivers) = (senders.ToImmutable(), receivers.ToImmutable());
        var first = new int[Receivers.Length + 1];
        for (var receiver = 0; receiver < Receivers.Length; receiver++)
            first[receiver + 1] = first[receiver] + Receivers[receiver].Senders;
        _first = [.. first];
    }

    /// <summary>How many layers there are.</summary>
    public int Layers { get; }

    /// <summary>How many heads a layer has.</summary>
    public int Heads { get; }

    /// <summary>The inputs of a layer's heads, in the order of its readers.</summary>
    public ImmutableArray<AttentionInput> Inputs { get; }

    /// <summary>What writes to the stream, in the order in which it is computed.</summary>
    public ImmutableArray<CircuitNode> Senders { get; }

    /// <summary>What reads it, in the order in which it is computed.</summary>
    public ImmutableArray<CircuitReceiver> Receivers { get; }

    /// <summary>How many edges there are.</summary>
    public int EdgeCount => _first[^1];

    /// <summary>
    /// The number of a reader's first edge, from the embedding; its others follow in the senders' order.
    /// </summary>
    public int FirstEdge(int receiver) => _first[receiver];

    /// <summary>
    /// The number of a layer's head, or with <see cref="Heads"/> of its feed-forward, among the senders.
    /// </summary>
    public int SenderOf(int layer, int head) => 1 + (layer * (Heads + 1)) + head;

    /// <summary>The number among the readers of one of a layer's <see cref="Inputs"/>.</summary>
    public int ReceiverOf(int layer, int input) => (layer * ReceiversOfLayer) + input;

    /// <summary>The number of a layer's feed-forward among the readers.</summary>
    public int ReceiverOf(int layer) => (layer * ReceiversOfLayer) + Inputs.Length;

    /// <summary>The number of the logits among the readers.</summary>
    public int LogitsReceiver => Receivers.Length - 1;

    /// <summary>Every edge.</summary>
    public IEnumerable<CircuitEdge> Edges =>
        Receivers.SelectMany(receiver =>
            Senders
                .Take(receiver.Senders)
                .Select(sender => new CircuitEdge(sender, receiver.Node, receiver.Input)
                {
                    SharedBy = receiver.SharedBy,
                })
        );

    private int ReceiversOfLayer => Inputs.Length + 1;

    // Keys and values stand where the first head that has them stands.
    private static IEnumerable<AttentionInput> InputsOf(int head, int sharing)
    {
        yield return new AttentionInput(HeadInput.Query, head, 1);
        if (head % sharing != 0)
            yield break;
        yield return new AttentionInput(HeadInput.Key, head / sharing, sharing);
        yield return new AttentionInput(HeadInput.Value, head / sharing, sharing);
    }
}

/// <summary>An input of a layer's heads.</summary>
/// <param name="Input">What it is.</param>
/// <param name="Number">Its number among the heads of its projection.</param>
/// <param name="SharedBy">How many heads read it.</param>
internal readonly record struct AttentionInput(HeadInput Input, int Number, int SharedBy);

/// <summary>An input that reads the stream.</summary>
/// <param name="Node">Whose it is.</param>
/// <param name="Input">Which of a head's inputs; null for no head's.</param>
/// <param name="Senders">How many of the senders have written before it reads.</param>
internal sealed record CircuitReceiver(CircuitNode Node, HeadInput? Input, int Senders)
{
    /// <summary>How many heads share the input, from that of the node on.</summary>
    public int SharedBy { get; init; } = 1;
}
