using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Comparing;

/// <summary>What a comparison keeps of its examples.</summary>
internal sealed class ComparisonSums(ImmutableArray<ComponentAddress> addresses)
{
    private readonly ImmutableArray<ErrorSums> _errors = [.. addresses.Select(_ => new ErrorSums())];
    private readonly ImmutableArray<ErrorSums> _local = [.. addresses.Select(_ => new ErrorSums())];
    private readonly ErrorSums _outputErrors = new();
    private readonly ErrorSums _outputLocal = new();
    private readonly List<Distance> _distances = [];
    private readonly Distance[] _patched = new Distance[addresses.Length];
    private readonly Distance[] _repaired = new Distance[addresses.Length];
    private int _examples;
    private int _positions;

    /// <summary>Adds an example's components.</summary>
    public void Add(ExampleRuns runs)
    {
        for (var index = 0; index < addresses.Length; index++)
        {
            KeptRows.Add(_errors[index], runs.A.Components[index], runs.B.Components[index], runs.Kept);
            KeptRows.Add(_local[index], runs.A.Components[index], runs.Forced.Components[index], runs.Kept);
        }

        _examples++;
        _positions += runs.Kept?.Count(isKept => isKept) ?? runs.Inputs.Length;
    }

    /// <summary>Adds an example's outputs.</summary>
    public void Add(ExampleRuns runs, OutputDistance distance, Distance own)
    {
        distance.Add(_outputErrors, runs.B.Output!);
        distance.Add(_outputLocal, runs.Forced.Output!);
        _distances.Add(own);
    }

    /// <summary>Adds how far a changed run's output is from A's.</summary>
    public void Add(PatchedCell cell, Distance distance) =>
        (cell.IsRepair ? _repaired : _patched)[cell.Component] += distance;

    /// <summary>The table, in the order in which B computes the components.</summary>
    public ModelComparisonResult ToResult(OpenedModel model, RoundingLimits limits, OutputMeasure? measure)
    {
        double[] errors = [.. _local.Select(sums => sums.RelativeError)];
        var output = measure is { } known ? Output(model.Output!, known, limits) : null;
        return new ModelComparisonResult
        {
            Components = [.. model.Order.Select(Component)],
            Output = output,
            Omitted = [],
            Limits = limits,
            Examples = _examples,
            Positions = _positions,
        };

        ComparedComponent Component(int index) =>
            new(addresses[index])
            {
                RelativeError = _errors[index].RelativeError,
                Cosine = _errors[index].Cosine,
                LargestDifference = _errors[index].Largest,
                LocalError = errors[index],
                Explained = limits.Explained([.. Alike(index).Select(other => errors[other])], errors),
                Restored = Share(_patched[index], output?.SharesIn),
                Repaired = Share(_repaired[index], output?.SharesIn),
            };
    }

    // Of all layers.
    private IEnumerable<int> Alike(int index) =>
        Enumerable.Range(0, addresses.Length).Where(other => addresses[other].FullName == addresses[index].FullName);

    private ComparedOutput Output(string name, OutputMeasure measure, RoundingLimits limits) =>
        new(name, measure)
        {
            Distances = [.. _distances.Select(distance => distance.In(measure))],
            SharesIn = (Total / _distances.Count).Shares,
            RelativeError = _outputErrors.RelativeError,
            LargestDifference = _outputErrors.Largest,
            LocalError = _outputLocal.RelativeError,
            Explained = limits.Explained([], [.. _local.Select(sums => sums.RelativeError)]),
        };

    private double? Share(Distance distance, OutputMeasure? measure) =>
        measure is { } known ? 1 - (distance.Additive(known) / Total.Additive(known)) : null;

    private Distance Total => _distances.Aggregate(default(Distance), (sum, distance) => sum + distance);
}
