using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Patching;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>Interventions for variables that all have sites.</summary>
public static class AlignmentSites
{
    /// <summary>
    /// The interventions, one for each variable, and where they are. Variables at one site get parts of its space.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="request">
    /// The kind, and a site for every variable of the training's examples. A rank of 0 gives variables as many
    /// dimensions as there are.
    /// </param>
    /// <exception cref="InterventionException">
    /// A variable has no site, a site is not in the model or too small, or the kind takes no source.
    /// </exception>
    public static (IntervenableConfig Config, InterchangePlace Place) Of(LoadedModel model, AlignmentRequest request)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        AlignmentParts.RequireSource(request.Kind);
        request.Training.Check(model);
        var variables = request.Training.Examples[0].Sources.Length;
        for (var variable = 0; variable < variables; variable++)
        {
            if (!request.Sites.ContainsKey(variable))
                throw new InterventionException($"Variable {variable} has no site; give each of {variables} one.");
        }

        var spots = Enumerable
            .Range(0, variables)
            .Select(variable => Spot(model, request, request.Sites[variable]))
            .ToList();
        var merged = AlignmentSpot.Merged(spots, request.Training.Examples);
        var parts = new AlignmentParts(
            model.Components,
            request with
            {
                Rank = request.Rank > 0 ? request.Rank : MostDimensions(model, merged),
            },
            merged
        );
        return (parts.Config(), Place(request, spots) with { Subspaces = parts.Subspaces });
    }

    /// <summary>The spot of a variable that has a site.</summary>
    internal static AlignmentSpot Spot(LoadedModel model, AlignmentRequest request, VariableSite site) =>
        AlignmentSpot.Of(
            PatchSites.Of(model.Components, site.Component ?? request.Component, [site.Layer])[0],
            site,
            model.Components
        );

    /// <summary>Where interventions are, one for each spot.</summary>
    internal static InterchangePlace Place(AlignmentRequest request, IReadOnlyList<AlignmentSpot> spots) =>
        new()
        {
            Positions = [.. spots.Select(spot => spot.Column.Position)],
            SourcePositions = [.. spots.Select(spot => spot.Column.SourcePosition ?? spot.Column.Position)],
            Heads = [.. spots.Select(spot => spot.Column.Head)],
            AnswerPosition = request.AnswerPosition,
        };

    private static int MostDimensions(LoadedModel model, ImmutableArray<AlignmentSpot> spots) =>
        spots.Min(spot => model.Components.Get(spot.Site).Width / spots.Count(other => other == spot));
}
