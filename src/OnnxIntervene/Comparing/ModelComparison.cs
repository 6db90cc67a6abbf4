using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Comparing;

/// <summary>
/// Finds where two files of one model part, and proves it: A's values are written into B at one component at a time
/// (activation patching between models), and the distance of the outputs tells how much that restores.
/// </summary>
public static class ModelComparison
{
    /// <summary>Compares two models.</summary>
    /// <param name="a">The model that is taken for right; its values are written into B.</param>
    /// <param name="b">The model that is intervened on.</param>
    /// <param name="request">What they are run on.</param>
    /// <param name="progress">Told how many cells are done; there are two for each component and example.</param>
    /// <param name="cancellation">Ends the comparison early.</param>
    /// <exception cref="InterventionException">
    /// The models differ in layers or vocabulary, have no component in common, or have no room for a prompt; nothing
    /// has run. Or their outputs differ in shape.
    /// </exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open a model, or stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The comparison was cancelled.</exception>
    public static ModelComparisonResult Run(
        LoadedModel a,
        LoadedModel b,
        ModelComparisonRequest request,
        IProgress<SweepProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        ArgumentNullException.ThrowIfNull(request);
        var common = CommonComponents.Of(a.Components, b.Components, request);
        var examples = Examples.Of(request.Prompts);
        foreach (var example in examples)
        {
            InputChecks.Check(example, a.Components);
            InputChecks.Check(example, b.Components);
        }

        var (addresses, unfit) = ByExample(common.Addresses, examples[0], a, b);
        using var reference = new OpenedModel(a, addresses, writes: false);
        return Compare(
            new RunReference(reference),
            b,
            addresses,
            examples,
            RoundingLimits.Of(a.Model, b.Model),
            [.. common.Omitted, .. unfit],
            JournalOf(request, a.File.Path, b, examples, addresses),
            progress,
            cancellation
        );
    }

    /// <summary>Compares a model with activations that another program saved, which are taken for right.</summary>
    /// <param name="a">The activations.</param>
    /// <param name="b">The model that is intervened on.</param>
    /// <param name="request">
    /// What the model is run on, where the file does not hold its inputs: the examples of the file, in its order.
    /// </param>
    /// <param name="progress">Told how many cells are done; there are two for each component and example.</param>
    /// <param name="cancellation">Ends the comparison early.</param>
    /// <exception cref="InterventionException">
    /// The file does not fit the model or the prompts; nothing has run.
    /// </exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The comparison was cancelled.</exception>
    public static ModelComparisonResult Run(
        ActivationFile a,
        LoadedModel b,
        ModelComparisonRequest request,
        IProgress<SweepProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        ArgumentNullException.ThrowIfNull(request);
        var saved = new SavedActivations(a, b, request);
        foreach (var example in saved.Examples)
            InputChecks.Check(example, b.Components);
        return Compare(
            new SavedReference(saved),
            b,
            saved.Addresses,
            saved.Examples,
            RoundingLimits.Of(b.Model),
            saved.Omitted,
            JournalOf(request, a.Path, b, saved.Examples, saved.Addresses),
            progress,
            cancellation
        );
    }

    private static ModelComparisonResult Compare(
        ReferenceSide a,
        LoadedModel b,
        ImmutableArray<ComponentAddress> addresses,
        ImmutableArray<ModelInputs> examples,
        RoundingLimits limits,
        ImmutableArray<OmittedComponent> omitted,
        ComparisonJournal? journal,
        IProgress<SweepProgress>? progress,
        CancellationToken cancellation
    )
    {
        using var kept = journal;
        using var opened = new OpenedModel(b, addresses, writes: true);
        var runs = new ComparisonRuns(a, b, opened, addresses, limits) { Journal = journal };
        return runs.Run(examples, progress, cancellation) with { Omitted = omitted };
    }

    private static ComparisonJournal? JournalOf(
        ModelComparisonRequest request,
        string a,
        LoadedModel b,
        ImmutableArray<ModelInputs> examples,
        ImmutableArray<ComponentAddress> addresses
    ) =>
        request.Journal is { } path
            ? ComparisonJournal.Open(path, ComparisonIdentity.Of(a, b.File.Path, examples, addresses), request.Command)
            : null;

    // Whose first axis is not the examples has no units that could be compared one by one.
    private static (ImmutableArray<ComponentAddress> Fit, ImmutableArray<OmittedComponent> Unfit) ByExample(
        ImmutableArray<ComponentAddress> addresses,
        ModelInputs example,
        LoadedModel a,
        LoadedModel b
    )
    {
        var fits = addresses.ToLookup(address => Difference(address, example, a, b));
        ImmutableArray<ComponentAddress> fit = [.. fits[null]];
        return fit.IsEmpty
            ? throw new InterventionException(
                $"A and B have no component in common. {addresses[0]}: {Difference(addresses[0], example, a, b)}."
            )
            : (
                fit,
                [
                    .. fits.Where(group => group.Key is not null)
                        .SelectMany(group => group.Select(address => new OmittedComponent(address, group.Key!))),
                ]
            );
    }

    private static string? Difference(ComponentAddress address, ModelInputs example, LoadedModel a, LoadedModel b)
    {
        var first = a.MeasuredUnits.Count(a.Components.Get(address), Examples.For(a, example), false);
        var second = b.MeasuredUnits.Count(b.Components.Get(address), Examples.For(b, example), false);
        return first.Examples != 1 || second.Examples != 1 ? "the first axis of its tensor is not the examples"
            : first.First != second.First ? $"it has {first.First} units in A and {second.First} in B"
            : null;
    }
}
