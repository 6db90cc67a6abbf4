using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Generation;

/// <summary>
/// Plans a generation's interventions: two runs, one of the prompt and one of a single new token a row, are planned as
/// any other; each run of the generation feeds one of them, or both where it reads the whole text again.
/// </summary>
internal sealed class GenerationFeeds
{
    private readonly GenerationRequest _request;
    private readonly PromptBatch _batch;
    private readonly bool _usesCache;
    private readonly RunPlan _prompt;
    private readonly RunPlan _token;

    /// <exception cref="InterventionException">Something does not fit the model; nothing has run.</exception>
    public GenerationFeeds(GenerationRequest request, PromptBatch batch, bool usesCache)
    {
        (_request, _batch, _usesCache) = (request, batch, usesCache);
        var locations = Enumerable.Range(0, request.Count).Select(PromptLocation).ToImmutableArray();
        _prompt = Plan(batch.Prompt(), [.. locations.Select(location => location?.InPrompt)], SourceLocation);
        _token = Plan(FirstToken(), [.. locations.Select(location => location?.OfToken)], SourceOfToken);
        Recipe = new SessionRecipe([.. Written.Select(index => _prompt.Planned[index].Site)])
        {
            ChoosesPositions = true,
        };
        CheckUnits();
    }

    /// <summary>The session, all of the model's outputs wanted.</summary>
    public SessionRecipe Recipe { get; }

    private IEnumerable<int> Written => Enumerable.Range(0, _request.Count).Where(_prompt.IsWrittenInBase);

    /// <summary>What each site is fed, run by run; the sources run now.</summary>
    public ImmutableArray<ScheduledSite> Schedule(CancellationToken cancellation)
    {
        var loaded = _request.Model.Loaded;
        using var prompt = new PlanRunner(loaded, _prompt, cancellation);
        using var token = new PlanRunner(loaded, _token, cancellation);
        var sources = prompt.ReadSourceRows();
        var (promptFeeds, tokenFeeds) = (prompt.SiteFeeds(sources), token.SiteFeeds(sources));
        SiteFeed Feed(RunPlan plan, IReadOnlyList<SiteFeed> writes, int index) =>
            ReadsOnly(index) ? plan.Planned[index].ReadBase() : writes[index];
        return
        [
            .. Written.Select(index =>
            {
                var schedule = _request.ScheduleOf(index);
                return new ScheduledSite(
                    _prompt.Planned[index].Site,
                    Component(index),
                    schedule,
                    schedule.Phase.HasFlag(GenerationPhase.Prompt) ? Feed(_prompt, promptFeeds, index) : null,
                    schedule.Phase.HasFlag(GenerationPhase.Generated) ? Feed(_token, tokenFeeds, index) : null
                );
            }),
        ];
    }

    private bool ReadsOnly(int index) => _request.Model.Interventions[index].Type.ReadsOnly;

    private Component Component(int index)
    {
        var representation = _request.Model.Config.Representations[index];
        return _request.Model.Components.Get(representation.Layer, representation.Component);
    }

    private RunPlan Plan(
        ModelInputs inputs,
        ImmutableArray<UnitLocation?> locations,
        Func<int, UnitLocation?> sourceLocation
    )
    {
        var model = _request.Model;
        return model.PlanOf(
            new RunRequest(
                model.Config,
                model.Interventions,
                inputs,
                _request.Sources,
                locations.IsEmpty
                    ? null
                    : new UnitLocations([.. Enumerable.Range(0, _request.Count).Select(sourceLocation)], locations),
                _request.Settings
            )
            {
                CollectsUnits = true,
            }
        );
    }

    private UnitLocation? SourceLocation(int index) => _request.Locations?.SourceOf(index);

    // What acts in the prompt alone is fed to no new token, for which several units would be too many.
    private UnitLocation? SourceOfToken(int index) =>
        SourceLocation(index) is { } given
        && !_request.ScheduleOf(index).Phase.HasFlag(GenerationPhase.Generated)
        && Component(index).Layout != ComponentLayout.HeadsFirst
        && !ChoosesHeads(index)
            ? AtFirst(given)
            : SourceLocation(index);

    // The same heads, if any, at position 0 of what is read.
    private static UnitLocation AtFirst(UnitLocation location) =>
        location with
        {
            Units =
            [
                [0],
            ],
            Anchor = null,
        };

    // One token a row; which one does not matter to a plan.
    private ModelInputs FirstToken() =>
        ModelInputs.FromTokens([.. _batch.Prompts.Select(prompt => (IReadOnlyList<int>)[prompt[0]])]);

    // What is read leaves padding out. Everywhere is cheapest where neither positions nor, in a run of the whole text,
    // phases matter.
    private (UnitLocation? InPrompt, UnitLocation? OfToken)? PromptLocation(int index)
    {
        var (schedule, given) = (_request.ScheduleOf(index), _request.Locations?.BaseOf(index));
        var isEverywhere =
            given is null
            && schedule.TakesEveryPosition
            && !ReadsOnly(index)
            && (_usesCache || (schedule.Phase == GenerationPhase.Both && schedule.Coefficients.IsConstant));
        if (isEverywhere)
            return null;
        var component = Component(index);
        if (component.Layout == ComponentLayout.HeadsFirst)
            return (given, given);
        if (given is not null && schedule.TakesEveryPosition && ChoosesHeads(index))
            return (given, given);
        var token = AtFirst(given ?? AllHeads(component));
        if (!schedule.Phase.HasFlag(GenerationPhase.Prompt))
            return (token, token);
        var units = given is null || !schedule.TakesEveryPosition ? Positions(schedule, given) : Moved(given);
        return (token with { Units = units.Units, Anchor = units.Anchor }, token);
    }

    // Its units are heads, the same at every position.
    private bool ChoosesHeads(int index) => _request.Model.Config.Representations[index].Unit == "h";

    private static UnitLocation AllHeads(Component component) =>
        component.Layout == ComponentLayout.HeadsInWidth
            ? UnitLocation.AtHeads([.. Enumerable.Range(0, component.Heads)], 0)
            : UnitLocation.At(0);

    // A text's own positions, as the padded batch counts them; from the end, and named ones, they are found there.
    private UnitLocation Moved(UnitLocation given) =>
        given.Anchor is not null || !_batch.IsPadded
            ? given
            : given with
            {
                Units =
                [
                    .. Enumerable
                        .Range(0, _batch.Count)
                        .Select(row =>
                            given
                                .UnitsOf(row)
                                .Select(unit => unit < 0 ? unit : unit + _batch.OffsetOf(row))
                                .ToImmutableArray()
                        ),
                ],
            };

    private UnitLocation Positions(InterventionSchedule schedule, UnitLocation? given)
    {
        if (given is not null)
            throw new InterventionException(
                "An intervention has unit locations and a schedule of positions; give one of them."
            );
        return new UnitLocation([
            .. _batch.Prompts.Select(
                (prompt, row) =>
                    Enumerable
                        .Range(0, prompt.Length)
                        .Where(position => schedule.ActsAt(position, prompt[position]))
                        .Select(position => position + _batch.OffsetOf(row))
                        .ToImmutableArray()
            ),
        ]);
    }

    // A run of the whole text must be able to tell new tokens from the prompt's.
    private void CheckUnits()
    {
        foreach (var index in Written)
        {
            var schedule = _request.ScheduleOf(index);
            if (ReadsOnly(index) && Component(index) is { Layout: ComponentLayout.HeadsFirst } or { Axes: not 3 })
                throw new InterventionException(
                    $"{_request.Model.Config.Representations[index]}: only values at positions are collected while "
                        + "text is generated; choose another component, or run the generated text afterwards."
                );
            var isPlain = schedule.TakesEveryPosition && schedule.Coefficients.IsConstant;
            if (
                Component(index).Layout == ComponentLayout.HeadsFirst
                && (
                    !schedule.TakesEveryPosition
                    || (!_usesCache && !(isPlain && schedule.Phase == GenerationPhase.Both))
                )
            )
                throw new InterventionException(
                    $"{_request.Model.Config.Representations[index]}: units are heads there, at all positions at "
                        + "once, so that it cannot act on some tokens only; choose a head_* component."
                );
        }
    }
}
