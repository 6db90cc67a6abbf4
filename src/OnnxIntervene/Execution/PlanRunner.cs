using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Execution;

/// <summary>Carries a plan out on a session: the sources' runs, the functions' runs, and the base's.</summary>
internal sealed class PlanRunner(
    InterventionSession session,
    RunPlan plan,
    ModelInputs @base,
    CancellationToken cancellation
)
{
    private readonly Dictionary<int, NumericArray> _read = [];

    private int Count => plan.Planned.Length;

    /// <summary>The first output, and what each Collect read.</summary>
    public (NumericArray Output, ImmutableArray<NumericArray> Collected) Run()
    {
        ReadSources();
        ImmutableArray<int> writes = [.. Enumerable.Range(0, Count).Where(plan.IsWrittenInBase)];
        CallFunctions(@base, writes);
        var collects = Enumerable
            .Range(0, Count)
            .Where(index => plan.Planned[index].Intervention.Type.ReadsOnly)
            .ToList();
        string[] outputs = [session.FirstOutput, .. collects.Select(ReadOutput)];
        var results = session.Run(
            @base,
            Feeds(writes, collects, index => plan.Planned[index].ReadBase()),
            outputs,
            cancellation
        );
        return (results[0], [.. collects.Select((index, order) => plan.Planned[index].Collected(results[order + 1]))]);
    }

    /// <summary>
    /// What the sources' runs read, in the shape of their units; null for interventions without a source's run.
    /// </summary>
    public ImmutableArray<NumericArray?> ReadSourcesOnly()
    {
        ReadSources();
        return
        [
            .. Enumerable
                .Range(0, Count)
                .Select(index =>
                    _read.TryGetValue(index, out var read) ? plan.Planned[index].ArrangedSource(read) : null
                ),
        ];
    }

    private void ReadSources()
    {
        foreach (var run in plan.SourceRuns())
        {
            CallFunctions(run.Inputs, run.Writes);
            var feeds = Feeds(run.Writes, run.Reads, index => plan.Planned[index].ReadSource());
            var results = session.Run(run.Inputs, feeds, [.. run.Reads.Select(ReadOutput)], cancellation);
            for (var order = 0; order < run.Reads.Length; order++)
                _read[run.Reads[order]] = results[order];
        }
    }

    // In the order of a forward pass: a function sees what interventions before it have made.
    private void CallFunctions(ModelInputs inputs, ImmutableArray<int> writes)
    {
        var functions = Splicing
            .SiteOrder.Forward(plan.Sites)
            .Where(index => writes.Contains(index) && plan.Planned[index].Intervention.Type.CallsFunction)
            .ToList();
        for (var order = 0; order < functions.Count; order++)
            Call(inputs, functions[order], writes.RemoveRange(functions[order..]));
    }

    private void Call(ModelInputs inputs, int index, ImmutableArray<int> writes)
    {
        var read = session.Run(
            inputs,
            Feeds(writes, [index], reading => plan.Planned[reading].ReadBase()),
            [ReadOutput(index)],
            cancellation
        )[0];
        var site = plan.Planned[index];
        var values = site.Lambda(read, _read.GetValueOrDefault(index));
        _read.Remove(index);
        if (site.Intervention.Call(values) is not { } made)
            return;
        if (made.IsInteger || !made.Shape.SequenceEqual(values.Base.Shape))
            throw new InterventionException(
                $"The function of {site.Site.Address} gave {made}; {values.Base} was expected."
            );
        _read[index] = made.Reshape([.. read.Shape]);
    }

    private SiteFeed[] Feeds(
        ImmutableArray<int> writes,
        IReadOnlyCollection<int> reads,
        Func<int, SiteFeed> readingOf
    ) =>
        [
            .. Enumerable
                .Range(0, Count)
                .Select(index =>
                {
                    var feed = writes.Contains(index) ? Write(index) : SiteFeed.Neutral;
                    return reads.Contains(index) ? feed with { ReadLocations = readingOf(index).ReadLocations } : feed;
                }),
        ];

    // A function that made nothing writes nothing.
    private SiteFeed Write(int index)
    {
        var site = plan.Planned[index];
        var read = _read.GetValueOrDefault(index);
        return site.Intervention.Type.CallsFunction && read is null ? SiteFeed.Neutral : site.Write(read);
    }

    private string ReadOutput(int index) => session.Spliced.Sites[index].Read!;
}
