using System.Collections.Immutable;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Execution;

/// <summary>
/// Carries a plan out: the sources' runs, which end where the last of them is read, the functions' runs, and the
/// base's. What runs read stays in ONNX Runtime until it is written or asked for.
/// </summary>
internal sealed class PlanRunner(LoadedModel model, RunPlan plan, CancellationToken cancellation) : IDisposable
{
    private readonly Dictionary<int, SourceRows> _read = [];
    private readonly List<TensorValue> _values = [];

    private int Count => plan.Planned.Length;

    /// <summary>Runs the base with the interventions. The caller owns the outputs.</summary>
    /// <param name="withOriginal">Whether the same session also runs without them.</param>
    public PlanOutputs Run(bool withOriginal)
    {
        ReadSources();
        var writes = plan.WrittenInBase;
        CallFunctions(plan.Base, writes);
        ImmutableArray<int> collects = [.. Indices(type => type.ReadsOnly)];
        var part = PlanPart.OfBase(plan, writes, collects);
        using var lease = model.Lease(part.Recipe);
        var session = lease.Session;
        IReadOnlyList<string> outputs = plan.Outputs.IsDefault ? session.Outputs : plan.Outputs;
        string[] wanted = [.. outputs, .. collects.Select(index => part.ReadOutput(session, index))];
        var feeds = part.Feeds(Write, index => plan.Planned[index].ReadBase());
        var results = session.RunValues(plan.Base, feeds, wanted, plan.Positions, cancellation);
        var original = withOriginal
            ? session.RunValues(plan.Base, part.Neutral(), outputs, plan.Positions, cancellation)
            : null;
        return new PlanOutputs(
            [.. results.Take(outputs.Count)],
            original,
            [.. collects.Zip(results.Skip(outputs.Count), (index, value) => (plan.Planned[index], value))],
            session.Spliced.PositionsInput is not null,
            plan.Outputs.IsDefault ? [.. session.OtherOutputs] : []
        );
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
                    _read.TryGetValue(index, out var read) ? plan.Planned[index].ArrangedSource(read.Array) : null
                ),
        ];
    }

    /// <summary>Runs the sources; the rows that each intervention reads, one after the other.</summary>
    public IReadOnlyDictionary<int, NumericArray> ReadSourceRows() => ReadSourceRows(plan.SourceRuns());

    /// <summary>Runs some of the sources; what they write must have been read.</summary>
    public void ReadSources(IEnumerable<SourceRun> runs)
    {
        foreach (var run in runs)
        {
            CallFunctions(run.Inputs, run.Writes);
            var values = Read(run.Inputs, run.Writes, run.Reads, index => plan.Planned[index].ReadSource());
            for (var order = 0; order < run.Reads.Length; order++)
                _read[run.Reads[order]] = new SourceRows(values[order]);
        }
    }

    /// <summary>The same of some of these runs; what they write must have been read.</summary>
    public IReadOnlyDictionary<int, NumericArray> ReadSourceRows(IEnumerable<SourceRun> runs)
    {
        ReadSources(runs);
        return _read.ToDictionary(entry => entry.Key, entry => entry.Value.Array);
    }

    /// <summary>Takes rows that interventions have read of their sources before.</summary>
    public void Give(IEnumerable<KeyValuePair<int, NumericArray>> sources)
    {
        foreach (var (index, rows) in sources)
            _read[index] = new SourceRows(rows);
    }

    /// <summary>What sites of a run are fed, once what they write has been read.</summary>
    /// <param name="inputs">What is run.</param>
    /// <param name="part">The sites.</param>
    public SiteFeed[] FeedsOf(ModelInputs inputs, PlanPart part)
    {
        CallFunctions(inputs, part.Writes);
        return part.Feeds(Write, index => plan.Planned[index].ReadSource());
    }

    /// <summary>What every site of the base's run is fed, in the configuration's order.</summary>
    /// <param name="sources">What sources' runs read before; null to run them now.</param>
    public IReadOnlyList<SiteFeed> SiteFeeds(IReadOnlyDictionary<int, NumericArray>? sources = null)
    {
        if (sources is null)
            ReadSources();
        else
            Give(sources);
        CallFunctions(plan.Base, [.. Enumerable.Range(0, Count)]);
        return [.. Enumerable.Range(0, Count).Select(Write)];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var value in _values)
            value.Dispose();
    }

    private void ReadSources() => ReadSources(plan.SourceRuns());

    // A function sees what the interventions before it in the computation have written.
    private void CallFunctions(ModelInputs inputs, ImmutableArray<int> writes)
    {
        var functions = Indices(type => type.CallsFunction).Where(index => writes.Contains(index)).ToList();
        if (functions.Count == 0)
            return;
        functions = [.. Splicing.Splicer.Order(model.Components, plan.Sites).Where(functions.Contains)];
        for (var order = 0; order < functions.Count; order++)
            Call(inputs, functions[order], writes.RemoveRange(functions[order..]));
    }

    private void Call(ModelInputs inputs, int index, ImmutableArray<int> writes)
    {
        var read = Read(inputs, writes, [index], reading => plan.Planned[reading].ReadBase())[0].Array;
        var site = plan.Planned[index];
        var values = site.Lambda(read, _read.GetValueOrDefault(index)?.Array);
        _read.Remove(index);
        if (site.Intervention.Call(values) is not { } made)
            return;
        if (made.IsInteger || !made.Shape.SequenceEqual(values.Base.Shape))
            throw new InterventionException(
                $"The function of {site.Site.Address} returned {made}; {values.Base} was expected."
            );
        _read[index] = new SourceRows(made.Reshape([.. read.Shape]));
    }

    // Runs no further than where the last of these is read.
    private IReadOnlyList<TensorValue> Read(
        ModelInputs inputs,
        ImmutableArray<int> writes,
        ImmutableArray<int> reads,
        Func<int, SiteFeed> reading
    )
    {
        var part = PlanPart.OfReads(plan, writes, reads);
        using var lease = model.Lease(part.Recipe);
        var outputs = reads.Select(index => part.ReadOutput(lease.Session, index)).ToList();
        var values = lease.Session.RunValues(inputs, part.Feeds(Write, reading), outputs, cancellation: cancellation);
        _values.AddRange(values);
        return values;
    }

    private IEnumerable<int> Indices(Func<InterventionType, bool> isWanted) =>
        Enumerable.Range(0, Count).Where(index => isWanted(plan.Planned[index].Intervention.Type));

    // A function that returned nothing writes nothing.
    private SiteFeed Write(int index)
    {
        var site = plan.Planned[index];
        var read = _read.GetValueOrDefault(index);
        return site.Intervention.Type.CallsFunction && read is null ? SiteFeed.Neutral : site.Write(read);
    }
}

/// <summary>What a base's run computed.</summary>
/// <param name="Intervened">The outputs that were wanted.</param>
/// <param name="Original">The same without interventions; null where that was not wanted.</param>
/// <param name="Collected">What each Collect intervention read.</param>
/// <param name="AreChosen">Whether the logits are those of the chosen positions already.</param>
/// <param name="LeftOut">The model's outputs that are not tensors of numbers.</param>
internal sealed record PlanOutputs(
    IReadOnlyList<TensorValue> Intervened,
    IReadOnlyList<TensorValue>? Original,
    ImmutableArray<(PlannedSite Site, TensorValue Value)> Collected,
    bool AreChosen,
    ImmutableArray<OtherOutput> LeftOut
);
