using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Planning;

/// <summary>What each site of a run reads and writes, checked against the components before anything runs.</summary>
internal sealed class RunPlan
{
    private readonly RunRequest _request;
    private readonly ImmutableArray<PlannedSite> _sites;

    /// <summary>Checks a request.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="map">The model's components.</param>
    /// <param name="count">How many units a component has for some inputs.</param>
    /// <param name="finder">Turns positions from the end, and named ones, into numbers.</param>
    /// <exception cref="InterventionException">Something does not fit the model.</exception>
    public RunPlan(
        RunRequest request,
        ComponentMap map,
        Func<Component, ModelInputs, bool, UnitExtent> count,
        LocationFinder finder
    )
    {
        _request = request;
        _sites =
        [
            .. Enumerable
                .Range(0, request.Count)
                .Select(index => new PlannedSite(request, map, index, Target(index), count, finder)),
        ];
        Positions = ChosenLogits.Of(request, map, count, finder);
    }

    /// <summary>What is intervened on.</summary>
    public ModelInputs Base => _request.Base;

    /// <summary>The model's outputs that are wanted; default for all of them.</summary>
    public ImmutableArray<string> Outputs => _request.Settings.Outputs;

    /// <summary>The positions at which logits are wanted, integers <c>[batch, chosen]</c>; null for all.</summary>
    public NumericArray? Positions { get; }

    /// <summary>The sites that the run needs: the structure of its session.</summary>
    public ImmutableArray<SpliceSite> Sites => [.. _sites.Select(site => site.Site)];

    /// <summary>Every intervention of a run, in the configuration's order.</summary>
    public ImmutableArray<PlannedSite> Planned => _sites;

    /// <summary>Whether sources run one after the other, each changed by the one before.</summary>
    public bool IsSerial => _request.Config.Mode == InterventionMode.Serial;

    /// <summary>
    /// The runs that compute sources, in order: their inputs, the sites they are read at, and the sites they are
    /// written at with what earlier runs read.
    /// </summary>
    public IEnumerable<SourceRun> SourceRuns() => IsSerial ? SerialRuns() : ParallelRuns();

    /// <summary>
    /// The sites that the base's run writes: in a chain those of the last stage, and those that need no source.
    /// </summary>
    public bool IsWrittenInBase(int index) =>
        !IsSerial || _request.Groups.Of(index) == _request.Groups.Count - 1 || !_sites[index].HasSourceRun;

    /// <summary>The numbers of these sites.</summary>
    public ImmutableArray<int> WrittenInBase => [.. Enumerable.Range(0, _sites.Length).Where(IsWrittenInBase)];

    private IEnumerable<SourceRun> ParallelRuns() =>
        Enumerable
            .Range(0, _request.Count)
            .Where(index => _sites[index].HasSourceRun)
            .GroupBy(index => _request.Source(index)!)
            .Select(group => new SourceRun(group.Key, [.. group], []));

    private IEnumerable<SourceRun> SerialRuns()
    {
        ImmutableArray<int> earlier = [];
        for (var group = 0; group < _request.Groups.Count; group++)
        {
            ImmutableArray<int> own = [.. _request.Groups.Members(group).Where(index => _sites[index].HasSourceRun)];
            if (_request.GroupSource(group) is { } inputs && own.Length > 0)
                yield return new SourceRun(inputs, own, earlier);
            earlier = own;
        }
    }

    // The run that a site writes into: the base's, or in a chain the next source's.
    private ModelInputs Target(int index)
    {
        if (_request.ReadsOnly)
            return _request.Source(index)!;
        var group = _request.Groups.Of(index);
        if (!IsSerial || group == _request.Groups.Count - 1 || _request.Source(index) is null)
            return _request.Base;
        return _request.GroupSource(group + 1)
            ?? throw new InterventionException(
                $"{_request.Representation(index)} is written into source {group + 1} of the chain, which is null; "
                    + $"give every source of a chain."
            );
    }
}
