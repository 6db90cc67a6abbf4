using System.Collections.Immutable;

namespace OnnxIntervene.Components.Structure;

/// <summary>A residual stream that is in no layer, and why.</summary>
/// <param name="Parts">Its sub-layers; none for streams that are only counted.</param>
/// <param name="Reason">Why, as text that follows the stream's name.</param>
internal sealed record UndividedStream(ImmutableArray<SubLayer> Parts, string Reason)
{
    /// <summary>The stream's ends and the reason.</summary>
    public string Describe(OpenedView view) =>
        Parts.IsEmpty
            ? Reason
            : $"the residual stream from '{view.Source(Parts[0].Stream).Description}' to "
                + $"'{view.Source(Parts[^1].Result).Description}': {Reason}";
}
