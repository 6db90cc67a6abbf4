namespace OnnxIntervene.Tests.Components;

/// <summary>How queries, keys and values lie in one projection.</summary>
internal enum HandmadePacking
{
    /// <summary>Three projections.</summary>
    None,

    /// <summary>One after the other, split along the width (GPT-2, Phi-3).</summary>
    Split,

    /// <summary>
    /// One after the other, split along the heads of a common view (Falcon with one key head, genai).
    /// </summary>
    HeadsInOneView,

    /// <summary>Head by head, <c>[heads, 3, width]</c> (Bloom).</summary>
    Interleaved,

    /// <summary>Head by head, <c>[heads, 3 × width]</c> (GPT-NeoX).</summary>
    InterleavedWide,

    /// <summary><c>[3, heads, width]</c>, turned so that the three come first (timm's vision transformers).</summary>
    ThreeFirst,

    /// <summary>Key head by key head, each with its queries (Falcon 40B); not a form that is known.</summary>
    Grouped,
}
