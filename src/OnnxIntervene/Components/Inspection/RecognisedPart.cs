using System.Collections.Immutable;

namespace OnnxIntervene.Components.Inspection;

/// <summary>One addition to a residual stream, as the structural search sees it.</summary>
/// <param name="Kind">
/// What computes the part that is added: attention, cross-attention, feed-forward, mixer; or the whole layer where
/// there is no stream.
/// </param>
/// <param name="Stream">Where the stream before it is.</param>
/// <param name="Added">Where the part that is added is; empty where nothing is added.</param>
/// <param name="Result">Where the stream after it is.</param>
/// <param name="LinearLayers">The linear layers between, such as <c>32 → 64</c>, in the graph's order.</param>
public sealed record RecognisedPart(
    string Kind,
    string Stream,
    string Added,
    string Result,
    ImmutableArray<string> LinearLayers
);
