using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>The units of a component that an intervention changes.</summary>
/// <param name="Site">The component.</param>
/// <param name="Column">Which of its units.</param>
internal sealed record AlignmentSpot(ComponentAddress Site, AlignmentColumn Column)
{
    /// <summary>The spot of a variable that is not searched.</summary>
    /// <exception cref="InterventionException">There is no such component or head.</exception>
    public static AlignmentSpot Of(ComponentAddress site, VariableSite variable, ComponentMap components)
    {
        var column = new AlignmentColumn(variable.Position, variable.SourcePosition, variable.Head);
        column.RequireHead(components.Get(site));
        return new AlignmentSpot(site, column);
    }

    /// <summary>
    /// Spots under one name each: one that is the same place as an earlier one, in every example, is that one. Where
    /// sources are read makes no difference.
    /// </summary>
    /// <param name="spots">The spot of each variable.</param>
    /// <param name="examples">The examples.</param>
    public static ImmutableArray<AlignmentSpot> Merged(
        IReadOnlyList<AlignmentSpot> spots,
        IEnumerable<InterchangeExample> examples
    ) => [.. spots.Select(spot => spots.First(other => other == spot || spot.IsAt(other, examples)))];

    /// <inheritdoc/>
    public override string ToString() => $"{Site}, position {Column}";

    private bool IsAt(AlignmentSpot other, IEnumerable<InterchangeExample> examples) =>
        Site == other.Site
        && Column.Head == other.Column.Head
        && (
            Column.Position == other.Column.Position
            || examples.All(example =>
                Column.Position.Find(example.Base) is { } place && place == other.Column.Position.Find(example.Base)
            )
        );
}

/// <summary>Units that are searched in every layer.</summary>
/// <param name="Position">Where bases are written.</param>
/// <param name="SourcePosition">Where sources are read; null for the same position.</param>
/// <param name="Head">The head; null where the component has none.</param>
internal sealed record AlignmentColumn(ExamplePosition Position, ExamplePosition? SourcePosition, int? Head)
{
    /// <summary>Throws unless a component has the head, or has no heads and none is named.</summary>
    public void RequireHead(Component component)
    {
        var heads = component.Layout == ComponentLayout.HeadsInWidth ? component.Heads : 0;
        if (heads == 0 && Head is { } unknown)
            throw new InterventionException(
                $"'{component}' has no heads, but head {unknown} is asked for. Heads are those of components such as "
                    + $"{ComponentNames.HeadPrefix}{ComponentNames.AttentionValueOutput}."
            );
        if (heads > 0 && !(Head >= 0 && Head < heads))
            throw new InterventionException(
                $"'{component}' has {heads} heads, 0 to {heads - 1}; "
                    + (Head is { } other ? $"there is no head {other}." : "say which one is meant.")
            );
    }

    /// <inheritdoc/>
    public override string ToString() => Head is { } head ? $"{Position}, head {head}" : $"{Position}";
}
