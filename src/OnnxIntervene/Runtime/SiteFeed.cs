using System.Collections.Immutable;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Runtime;

/// <summary>What one spliced site is fed in a run. The default reads nothing and writes nothing.</summary>
public sealed record SiteFeed
{
    /// <summary>A site that does nothing.</summary>
    public static SiteFeed Neutral { get; } = new();

    /// <summary>What a run feeds all sites of a model that does nothing at any of them.</summary>
    internal static ImmutableArray<SiteFeed> NeutralOf(SplicedModel spliced) => [.. spliced.Sites.Select(_ => Neutral)];

    /// <summary>Units to read, each (example, unit) or (example, position, head), one after the other.</summary>
    public ReadOnlyMemory<long> ReadLocations { get; init; }

    /// <summary>Units to write, in the same form.</summary>
    public ReadOnlyMemory<long> WriteLocations { get; init; }

    /// <summary>
    /// A source for each unit to write, one after the other; or for the whole tensor, in the shape below.
    /// </summary>
    public ReadOnlyMemory<float> Source { get; init; }

    /// <summary>
    /// What a source's run read, still in ONNX Runtime, in place of <see cref="Source"/>; null where there is none.
    /// </summary>
    internal TensorValue? SourceValue { get; init; }

    /// <summary>
    /// The shape of the source: <c>[units, width]</c> and the like; for a whole tensor <c>[batch or 1, position or 1,
    /// width]</c>.
    /// </summary>
    public ReadOnlyMemory<long> SourceShape { get; init; }

    /// <summary>
    /// Which dimensions of the kind's space are changed, <c>[rows, latents]</c>, where the site has subspaces; empty
    /// for all.
    /// </summary>
    public ReadOnlyMemory<bool> Mask { get; init; }

    /// <summary>How many dimensions a row of the mask has.</summary>
    public int MaskWidth { get; init; }

    /// <summary>The parameters by name; zeros where left out, which is right for a site that writes nothing.</summary>
    public ImmutableDictionary<string, NumericArray> Parameters { get; init; } =
        ImmutableDictionary<string, NumericArray>.Empty;

    /// <summary>A coefficient for each unit to write; for the whole tensor, one for each row of the source.</summary>
    public ReadOnlyMemory<float> Coefficients { get; init; }
}
