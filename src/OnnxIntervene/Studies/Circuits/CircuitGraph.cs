using System.Collections.Immutable;

namespace OnnxIntervene.Studies.Circuits;

/// <summary>
/// Every edge of a model whose layers are an attention and then a feed-forward: each node that writes to the stream, to
/// each input that reads it later. Edges are numbered by their readers, in the order in which these are computed.
/// </summary>
internal sealed class CircuitGraph
{
    private readonly ImmutableArray<int> _first;

    public CircuitGraph(int layers, int heads)
    {
        (Layers, Heads) = (layers, heads);
        var senders = ImmutableArray.CreateBuilder<CircuitNode>();
        var receivers = ImmutableArray.CreateBuilder<CircuitReceiver>();
        senders.Add(new CircuitNode(CircuitNodeKind.Embedding));
        for (var layer = 0; layer < layers; layer++)
        {
            var before = senders.Count;
            for (var head = 0; head < heads; head++)
            {
                var node = new CircuitNode(CircuitNodeKind.Head, layer, head);
                senders.Add(node);
                foreach (var input in Enum.GetValues<HeadInput>())
                    receivers.Add(new CircuitReceiver(node, input, before));
            }

            var feedForward = new CircuitNode(CircuitNodeKind.FeedForward, layer);
            receivers.Add(new CircuitReceiver(feedForward, null, senders.Count));
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

    /// <summary>The number of a head's input among the readers.</summary>
    public int ReceiverOf(int layer, int head, HeadInput input) =>
        (layer * ReceiversOfLayer) + (head * HeadInputs.Count) + (int)input;

    /// <summary>The number of a layer's feed-forward among the readers.</summary>
    public int ReceiverOf(int layer) => (layer * ReceiversOfLayer) + (Heads * HeadInputs.Count);

    /// <summary>The number of the logits among the readers.</summary>
    public int LogitsReceiver => Receivers.Length - 1;

    /// <summary>Every edge.</summary>
    public IEnumerable<CircuitEdge> Edges =>
        Receivers.SelectMany(receiver =>
            Senders.Take(receiver.Senders).Select(sender => new CircuitEdge(sender, receiver.Node, receiver.Input))
        );

    private int ReceiversOfLayer => (Heads * HeadInputs.Count) + 1;
}

/// <summary>An input that reads the stream.</summary>
/// <param name="Node">Whose it is.</param>
/// <param name="Input">Which of a head's inputs; null for no head's.</param>
/// <param name="Senders">How many of the senders have written before it reads.</param>
internal sealed record CircuitReceiver(CircuitNode Node, HeadInput? Input, int Senders);
