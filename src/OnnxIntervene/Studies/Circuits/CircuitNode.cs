using System.Globalization;

namespace OnnxIntervene.Studies.Circuits;

/// <summary>A part of a model that reads the residual stream, writes to it, or both.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Layer">Its layer; 0 for the embedding and the logits.</param>
/// <param name="Head">Its number among the layer's heads; 0 for what is no head.</param>
public sealed record CircuitNode(CircuitNodeKind Kind, int Layer = 0, int Head = 0)
{
    /// <summary><c>embedding</c>, <c>a3.5</c> (layer, head), <c>m3</c> (layer), or <c>logits</c>.</summary>
    public override string ToString() =>
        Kind switch
        {
            CircuitNodeKind.Head => string.Create(CultureInfo.InvariantCulture, $"a{Layer}.{Head}"),
            CircuitNodeKind.FeedForward => string.Create(CultureInfo.InvariantCulture, $"m{Layer}"),
            CircuitNodeKind.Embedding => "embedding",
            _ => "logits",
        };
}

/// <summary>What a node of a circuit is.</summary>
public enum CircuitNodeKind
{
    /// <summary>The stream before the first layer: embeddings of tokens and positions.</summary>
    Embedding,

    /// <summary>An attention head.</summary>
    Head,

    /// <summary>A layer's feed-forward.</summary>
    FeedForward,

    /// <summary>The final norm and the unembedding.</summary>
    Logits,
}
