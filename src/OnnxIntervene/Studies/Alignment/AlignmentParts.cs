using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>
/// The interventions of a cell, one for each variable: variables at one spot share an intervention, and get parts of
/// its space.
/// </summary>
internal sealed class AlignmentParts
{
    private readonly ComponentMap _components;
    private readonly AlignmentRequest _request;
    private readonly ImmutableArray<AlignmentSpot> _spots;
    private readonly ImmutableArray<AlignmentSpot> _groups;

    /// <summary>Checks that the variables fit their spots.</summary>
    /// <param name="components">The model's components.</param>
    /// <param name="request">The kind, and how much of a space each variable gets.</param>
    /// <param name="spots">The spot of each variable; one place has one name.</param>
    /// <exception cref="InterventionException">
    /// A component's width is unknown, or too small; or the kind has no parts that variables could share.
    /// </exception>
    public AlignmentParts(ComponentMap components, AlignmentRequest request, ImmutableArray<AlignmentSpot> spots)
    {
        (_components, _request, _spots) = (components, request, spots);
        _groups = [.. spots.Distinct()];
        foreach (var group in _groups)
            Check(group);
    }

    /// <summary>Which part of the space each intervention changes.</summary>
    public Subspaces Subspaces
    {
        get
        {
            var parts = Enumerable.Range(0, _spots.Length).Select(Part).ToImmutableArray();
            return parts.All(part => part is null) ? Subspaces.Whole : new Subspaces(parts);
        }
    }

    /// <summary>The interventions that training begins with.</summary>
    public IntervenableConfig Config()
    {
        var fresh = _groups.Select(Fresh).ToList();
        return new IntervenableConfig
        {
            Representations =
            [
                .. _spots.Select(spot =>
                {
                    var group = _groups.IndexOf(spot);
                    return new RepresentationConfig
                    {
                        Layer = spot.Site.Layer,
                        Component = spot.Site.FullName,
                        Unit = spot.Column.Head is null ? new RepresentationConfig().Unit : HeadAtPosition,
                        Intervention = fresh[group],
                        LowRankDimension = fresh[group].Type.BeginsWithRank ? RankOf(spot) : null,
                        InterventionLinkKey = MembersOf(spot) > 1 ? group : null,
                    };
                }),
            ],
        };
    }

    /// <summary>Throws unless interchanges can be trained with a kind.</summary>
    /// <exception cref="InterventionException">They cannot.</exception>
    public static void RequireKind(InterventionType? kind)
    {
        if (kind is not null && !Trains(kind))
            throw new InterventionException(
                $"{kind.ClassName} is not trained to interchange values. Kinds that are: "
                    + $"{string.Join(", ", InterventionType.All.Where(Trains).Select(type => type.ClassName))}."
            );
    }

    /// <summary>Throws unless a kind takes values of a source's run.</summary>
    /// <exception cref="InterventionException">It does not.</exception>
    public static void RequireSource(InterventionType? kind)
    {
        if (kind is { NeedsSource: false } or { IsSourceConstant: true })
            throw new InterventionException(
                $"{kind.ClassName} takes nothing of a source's run, so it interchanges nothing. Take another kind: "
                    + $"{InterventionType.Vanilla.ClassName}, for example."
            );
    }

    private const string HeadAtPosition = "h.pos";

    private static bool Trains(InterventionType kind) =>
        kind is { IsTrainable: true, NeedsSource: true, IsSourceConstant: false, Begin: not null };

    private int WidthOf(AlignmentSpot spot) => _components.Get(spot.Site).Width;

    private int MembersOf(AlignmentSpot spot) => _spots.Count(other => other == spot);

    private int RankOf(AlignmentSpot spot) => MembersOf(spot) * _request.Rank;

    private InterventionType KindOf(AlignmentSpot spot) =>
        _request.Kind
        ?? (RankOf(spot) == WidthOf(spot) ? InterventionType.RotatedSpace : InterventionType.LowRankRotatedSpace);

    private Intervention Fresh(AlignmentSpot spot, int number)
    {
        var kind = KindOf(spot);
        var rank = kind.BeginsWithRank ? RankOf(spot) : 0;
        return kind.Fresh(new KindStart(WidthOf(spot), rank, _request.Seed + (uint)number))
            ?? throw new InterventionException(
                $"{kind.ClassName} has parameters that cannot be guessed. Give a configuration with its parameters."
            );
    }

    // One variable that has the whole space needs no part of it.
    private ImmutableArray<ImmutableArray<int>>? Part(int variable)
    {
        var spot = _spots[variable];
        var kind = KindOf(spot);
        if (!kind.TakesSubspaces || (kind.BeginsWithRank ? RankOf(spot) : WidthOf(spot)) == _request.Rank)
            return null;
        var before = _spots.Take(variable).Count(other => other == spot);
        return
        [
            [.. Enumerable.Range(before * _request.Rank, _request.Rank)],
        ];
    }

    private void Check(AlignmentSpot spot)
    {
        var (width, members, kind) = (WidthOf(spot), MembersOf(spot), KindOf(spot));
        if (width == 0)
            throw new InterventionException($"The width of '{spot.Site}' is unknown: it cannot be rotated.");
        if (!kind.TakesSubspaces && members > 1)
            throw new InterventionException(
                $"{kind.ClassName} has no parts, so {members} variables cannot share {spot}. Search for one of them, "
                    + "give the others sites of their own, or take a rotation."
            );
        if (kind.TakesSubspaces && (_request.Rank < 1 || (long)_request.Rank * members > width))
            throw new InterventionException(
                $"Each of {members} variables gets {_request.Rank} dimensions of '{spot.Site}', which is {width} wide; "
                    + $"the rank is from 1 to {width / members}."
            );
    }
}
