using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Comparing;

/// <summary>The runs of a comparison, one example after the other: memory does not grow with their number.</summary>
/// <param name="reference">A.</param>
/// <param name="model">B.</param>
/// <param name="opened">B, open at the components.</param>
/// <param name="addresses">The components.</param>
/// <param name="limits">What rounding explains.</param>
internal sealed class ComparisonRuns(
    ReferenceSide reference,
    LoadedModel model,
    OpenedModel opened,
    ImmutableArray<ComponentAddress> addresses,
    RoundingLimits limits
)
{
    private readonly ComparisonSums _sums = new(addresses);
    private OutputMeasure? _measure;

    /// <summary>Where changed runs are kept; null for nowhere.</summary>
    public ComparisonJournal? Journal { get; init; }

    /// <summary>Runs every example.</summary>
    public ModelComparisonResult Run(
        ImmutableArray<ModelInputs> examples,
        IProgress<SweepProgress>? progress,
        CancellationToken cancellation
    )
    {
        var (done, all) = (0, 2 * addresses.Length * examples.Length);
        for (var example = 0; example < examples.Length; example++)
        {
            var runs = RunExample(example, examples[example], cancellation);
            _sums.Add(runs);
            if (DistanceOf(runs) is { } distance)
                Patch(example, runs, distance, () => progress?.Report(new SweepProgress(++done, all)), cancellation);
        }

        return _sums.ToResult(opened, limits, _measure);
    }

    private ExampleRuns RunExample(int example, ModelInputs inputs, CancellationToken cancellation)
    {
        var a = reference.Read(example, inputs, cancellation);
        var b = opened.Read(inputs, cancellation);
        for (var index = 0; index < addresses.Length; index++)
        {
            var (first, second) = (a.Components[index], b.Components[index]);
            if (first.Length != second.Length)
                throw new InterventionException(
                    $"{addresses[index]} is {first} in A and {second} in B; they cannot be compared. Leave it out with "
                        + "a list of components."
                );
        }

        return new ExampleRuns(inputs, Examples.Kept(inputs), a, b, opened.Force(inputs, a, cancellation));
    }

    private OutputDistance? DistanceOf(ExampleRuns runs)
    {
        if (runs.A.Output is not { IsInteger: false } output || runs.B.Output is null)
            return null;
        _measure ??= MeasureOf(runs.B.Output, runs.Inputs);
        return new OutputDistance(output, runs.Kept, _measure == OutputMeasure.KullbackLeibler);
    }

    private OutputMeasure MeasureOf(NumericArray output, ModelInputs inputs) =>
        model.KindOf(output, inputs) is OutputKind.Tokens or OutputKind.Classes
        && model.ScaleOf(opened.Output!, output) == OutputScale.Logits
            ? OutputMeasure.KullbackLeibler
            : OutputMeasure.RelativeError;

    private void Patch(
        int example,
        ExampleRuns runs,
        OutputDistance distance,
        Action report,
        CancellationToken cancellation
    )
    {
        var own = distance.Of(runs.B.Output!, 0, 1);
        _sums.Add(runs, distance, own);
        var isFar = own.Shares is not null;
        var cells = Cells(runs).ToLookup(cell => isFar && IsRun(runs, cell));
        foreach (var cell in cells[false])
        {
            _sums.Add(cell, own);
            report();
        }

        var known = cells[true].ToLookup(cell => Journal?.Find(example, cell));
        foreach (var group in known.Where(group => group.Key is not null))
        {
            foreach (var cell in group)
            {
                _sums.Add(cell, group.Key!.Value);
                report();
            }
        }

        foreach (var batch in known[null].Chunk(RowsPerRun.Of(model.Model, runs)))
        {
            var outputs = opened.Patch(
                runs.Inputs,
                [.. batch.Select(cell => (cell.Component, Values(runs, cell)))],
                cancellation
            );
            foreach (var (row, cell) in batch.Index())
            {
                var changed = distance.Of(outputs, row, batch.Length);
                _sums.Add(cell, changed);
                Journal?.Keep(example, cell, changed);
                report();
            }
        }
    }

    private static IEnumerable<PatchedCell> Cells(ExampleRuns runs) =>
        Enumerable
            .Range(0, runs.A.Components.Length)
            .SelectMany(component => new PatchedCell[] { new(component, false), new(component, true) });

    // What differs by rounding alone causes nothing.
    private bool IsRun(ExampleRuns runs, PatchedCell cell) =>
        !cell.IsRepair || !(runs.LocalError(cell.Component) <= limits.Floor);

    private static NumericArray Values(ExampleRuns runs, PatchedCell cell) =>
        cell.IsRepair ? runs.Repaired(cell.Component) : runs.A.Components[cell.Component];
}
