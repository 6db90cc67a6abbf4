namespace OnnxIntervene.Tests.Components;

/// <summary>What distinguishes one family's graph from another's.</summary>
internal sealed record HandmadeStyle(string Name)
{
    public HandmadePacking Packing { get; init; }

    public int KeyHeads { get; init; } = 4;

    public bool Bias { get; init; }

    public bool RootNorm { get; init; }

    /// <summary>Attention and feed-forward side by side.</summary>
    public bool Parallel { get; init; }

    /// <summary>Both read one norm.</summary>
    public bool OneNorm { get; init; }

    public bool PostNorm { get; init; }

    /// <summary>Embeddings of segments are added to those of tokens and positions, as BERT's kin does.</summary>
    public bool Segments { get; init; }

    public bool Cross { get; init; }

    public bool Gated { get; init; }

    /// <summary>Gate and up projection in one.</summary>
    public bool PackedGate { get; init; }

    public string Activation { get; init; } = "gelu";

    /// <summary>How many entries of a head are rotated.</summary>
    public int Rotary { get; init; }

    public bool Alibi { get; init; }

    /// <summary>Scores have a second product, with positions.</summary>
    public bool RelativeScores { get; init; }

    public bool ScaleQuery { get; init; }

    /// <summary>Products are made with heads folded into the batch.</summary>
    public bool FoldedHeads { get; init; }

    public bool EmbeddingScale { get; init; }

    /// <summary>How linear layers are quantised.</summary>
    public HandmadeQuantization Quantization { get; init; }

    /// <summary>What a sub-layer gives is scaled before it is added.</summary>
    public bool ResidualScale { get; init; }

    /// <summary>What the stream is multiplied by before each addition; 0 where it is not.</summary>
    public float StreamScale { get; init; }

    /// <summary>The addition's first operand is the sub-layer's output.</summary>
    public bool PartFirst { get; init; }

    /// <summary>Components that are said to be missing.</summary>
    public string[] Missing { get; init; } = [];

    public override string ToString() => Name;
}
