using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Splicing;

/// <summary>
/// A place that was spliced, with the inputs and the output that it added to the model. N is how many units a run
/// names.
/// </summary>
public sealed record SitePorts
{
    /// <summary>What was asked for.</summary>
    public required SpliceSite Site { get; init; }

    /// <summary>The component there, in the model that was rewritten.</summary>
    public required Component Component { get; init; }

    /// <summary>
    /// Input, int64 <c>[N, 2]</c> (example, unit) or <c>[N, 3]</c> (example, position, head): what the output reads.
    /// </summary>
    public string? ReadLocations { get; init; }

    /// <summary>Output, float32 <c>[N, width]</c>: the values at the read locations before the intervention.</summary>
    public string? Read { get; init; }

    /// <summary>Input, int64 as above: what is written.</summary>
    public string? WriteLocations { get; init; }

    /// <summary>
    /// Input, float32 <c>[N, width]</c> (several units a row where the kind takes them together), or <c>[batch,
    /// position, width]</c> (either axis may be 1) for the whole tensor: the source.
    /// </summary>
    public string? Source { get; init; }

    /// <summary>Input, float32 <c>[N, 1]</c>, or <c>[batch, 1, 1]</c> for the whole tensor: the coefficient.</summary>
    public string? Coefficient { get; init; }

    /// <summary>
    /// Input, bool <c>[rows, latents]</c>: which dimensions of the kind's space are changed; null where always all.
    /// </summary>
    public string? Mask { get; init; }

    /// <summary>Input, float32 <c>[1]</c>: whether the site acts, 0 for no; null where it always does.</summary>
    public string? Switch { get; init; }

    /// <summary>Inputs of the kind's parameters.</summary>
    public ImmutableArray<SplicedParameter> Parameters { get; init; } = [];

    /// <summary>
    /// How many numbers address a unit: 3 where a unit is a head at a position, or an entry of two axes, else 2.
    /// </summary>
    public int LocationWidth => Site.LocationWidthOf(Component);

    /// <summary>Axes of one unit.</summary>
    public int UnitAxes => Site.UnitAxesOf(Component);

    /// <summary>
    /// The shape of a source for no units; for the whole tensor, of one number that the coefficient 0 cancels
    /// out.
    /// </summary>
    internal ImmutableArray<long> NeutralSourceShape =>
        (Site, this) switch
        {
            ({ Selection: SiteSelection.Whole }, _) => [1, 1, 1],
            ({ UnitsPerRow: > 1 }, _) => [0, Site.Sizes.Width],
            (_, { UnitAxes: 1, Component.Width: > 0 }) => [0, Component.Width],
            _ => [0, .. Enumerable.Repeat(1L, UnitAxes)],
        };

    /// <summary>Every input that the site added.</summary>
    public IEnumerable<string> Inputs =>
        new[] { ReadLocations, WriteLocations, Source, Coefficient, Mask, Switch }
            .OfType<string>()
            .Concat(Parameters.Select(parameter => parameter.Input));
}
