using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Generation;

/// <summary>What one site is fed in each run of a generation.</summary>
/// <param name="Site">The site.</param>
/// <param name="Component">Its component.</param>
/// <param name="Schedule">When it acts.</param>
/// <param name="Prompt">What the run of the prompt feeds it; null where it does nothing there.</param>
/// <param name="Token">What a run of one new token a row feeds it; null where it does nothing there.</param>
internal sealed record ScheduledSite(
    SpliceSite Site,
    Component Component,
    InterventionSchedule Schedule,
    SiteFeed? Prompt,
    SiteFeed? Token
)
{
    /// <summary>How many numbers address a unit.</summary>
    public int LocationWidth => Site.LocationWidthOf(Component);

    /// <summary>Whether it only reads.</summary>
    public bool ReadsOnly => Site.Type.ReadsOnly;

    /// <summary>The feed of the run that reads the prompt.</summary>
    public SiteFeed OfPrompt() => Prompt is null ? Silent() : FeedRows.Scaled(Prompt, Schedule.Coefficients.At(0));

    /// <summary>The feed of a run that reads one new token a row.</summary>
    /// <param name="run">The number of the run, from 1.</param>
    /// <param name="acts">Whether a row's token is one at which the intervention acts.</param>
    public SiteFeed OfToken(int run, IReadOnlyList<bool> acts) =>
        Token is null ? Silent()
        : ReadsOnly ? FeedRows.Reading(Token, LocationWidth, acts)
        : FeedRows.Of(FeedRows.Scaled(Token, Schedule.Coefficients.At(run)), Site.Selection, LocationWidth, acts);

    /// <summary>The feed of a run that reads the prompt and new tokens again, one after the other.</summary>
    /// <param name="runs">
    /// For each new token: the position of it in each row, and whether the intervention acts there.
    /// </param>
    public SiteFeed OfText(IReadOnlyList<(Func<int, int> Position, IReadOnlyList<bool> Acts)> runs)
    {
        // Earlier runs have read what is before the last token.
        if (ReadsOnly)
            return FeedRows.Moved(OfToken(runs.Count, runs[^1].Acts), LocationWidth, runs[^1].Position);
        // The same everywhere: one feed says it.
        if (Site.Selection == SiteSelection.Whole || !HasPositions)
            return OfPrompt();
        return FeedRows.Joined([
            OfPrompt(),
            .. runs.Select((run, index) => FeedRows.Moved(OfToken(index + 1, run.Acts), LocationWidth, run.Position)),
        ]);
    }

    /// <summary>Whether units are at positions, so that a run of a whole text can tell tokens apart.</summary>
    public bool HasPositions => Component.Layout != ComponentLayout.HeadsFirst;

    private SiteFeed Silent() => FeedRows.Silent(Prompt ?? Token ?? SiteFeed.Neutral);
}
