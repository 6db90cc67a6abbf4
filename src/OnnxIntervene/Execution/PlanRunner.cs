using System.Collections.Immutable;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;

namespace OnnxIntervene.Execution;

/// <summary>Carries a plan out on a session: the sources' runs, the functions' runs, and the base's.</summary>
internal sealed class PlanRunner(InterventionSession session, RunPlan plan, ModelInputs @base, CancellationToken cancellation)
{
    private readonly Dictionary<int, NumericArray> _read = [];

    private int Count => plan.Planned.Length;

    /// <summary>The first output, and what each Collect read.</summary>
    public (NumericArray Output, ImmutableArray<NumericArray> Collected) Run()
    {
        ReadSources();
        foreach (var index in Lambdas())
            Call(index);
        var collects = Enumerable.Range(0, Count).Where(index => plan.Planned[index].Intervention.Type == InterventionType.Collect).ToList();
        string[] outputs = [session.FirstOutput, .. collects.Select(ReadOutput)];
        var results = session.Run(@base, BaseFeeds([.. collects], []), outputs, cancellation);
        return (results[0], [.. collects.Select((index, order) => plan.Planned[index].Collected(results[order + 1]))]);
    }

    /// <summary>What the sources' runs read, in the shape of their units; null for interventions without a source's run.</summary>
    public ImmutableArray<NumericArray?> ReadSourcesOnly()
    {
        ReadSources();
        return [.. Enumerable.Range(0, Count).Select(index => _read.TryGetValue(index, out var read) ? plan.Planned[index].ArrangedSource(read) : null)];
    }

    private void ReadSources()
    {
        foreach (var run in plan.SourceRuns())
        {
            var feeds = Enumerable.Range(0, Count).Select(index => SourceFeed(run, index)).ToArray();
            var results = session.Run(run.Inputs, feeds, [.. run.Reads.Select(ReadOutput)], cancellation);
            for (var order = 0; order < run.Reads.Length; order++)
                _read[run.Reads[order]] = results[order];
        }
    }

    private SiteFeed SourceFeed(SourceRun run, int index)
    {
        var feed = run.Writes.Contains(index) ? Write(index) : SiteFeed.Neutral;
        return run.Reads.Contains(index) ? feed with { ReadLocations = plan.Planned[index].ReadSource().ReadLocations } : feed;
    }

    // In the order of a forward pass: a function sees what interventions before it have made.
    private IEnumerable<int> Lambdas() => Splicing.SiteOrder.Forward(plan.Sites)
        .Where(index => plan.Planned[index].Intervention.Type == InterventionType.Lambda);

    private void Call(int index)
    {
        var later = Lambdas().SkipWhile(other => other != index).ToHashSet();
        var read = session.Run(@base, BaseFeeds([index], later), [ReadOutput(index)], cancellation)[0];
        var site = plan.Planned[index];
        var values = site.Lambda(read, _read.GetValueOrDefault(index));
        _read.Remove(index);
        if (((LambdaIntervention)site.Intervention).Function(values) is not { } made)
            return;
        if (made.IsInteger || !made.Shape.SequenceEqual(values.Base.Shape))
            throw new InterventionException($"The function of {site.Site.Address} gave {made}; {values.Base} was expected.");
        _read[index] = made.Reshape([.. read.Shape]);
    }

    private SiteFeed[] BaseFeeds(ImmutableArray<int> reads, HashSet<int> silent) =>
    [
        .. Enumerable.Range(0, Count).Select(index =>
        {
            var feed = silent.Contains(index) || !plan.IsWrittenInBase(index) ? SiteFeed.Neutral : Write(index);
            return reads.Contains(index) ? feed with { ReadLocations = plan.Planned[index].ReadBase().ReadLocations } : feed;
        }),
    ];

    // A function that made nothing writes nothing.
    private SiteFeed Write(int index)
    {
        var site = plan.Planned[index];
        var read = _read.GetValueOrDefault(index);
        return site.Intervention.Type == InterventionType.Lambda && read is null ? SiteFeed.Neutral : site.Write(read);
    }

    private string ReadOutput(int index) => session.Spliced.Sites[index].Read!;
}
