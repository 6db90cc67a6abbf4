using System.Collections.Immutable;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Training;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>
/// Examples that one run can take together: their inputs have one shape, and they skip the same sources. Their arrays
/// are joined when they are first asked for.
/// </summary>
/// <param name="examples">The examples.</param>
internal sealed class InterchangeBatch(ImmutableArray<InterchangeExample> examples)
{
    private ImmutableArray<ModelInputs?> _sources;

    /// <summary>The examples.</summary>
    public ImmutableArray<InterchangeExample> Examples { get; } = examples;

    /// <summary>The bases, a row each.</summary>
    public ModelInputs Bases => field ??= ModelInputs.Joined([.. Examples.Select(example => example.Base.Inputs)]);

    /// <summary>The sources, a row each; null where they are skipped.</summary>
    public ImmutableArray<ModelInputs?> Sources =>
        _sources.IsDefault ? _sources = [.. Enumerable.Range(0, Examples[0].Sources.Length).Select(Joined)] : _sources;

    /// <summary>The interchanges as a batch of a training: what they make right is to be answered.</summary>
    /// <param name="place">Where the interventions are.</param>
    /// <param name="interventions">How many there are.</param>
    public TrainingBatch ToTraining(InterchangePlace place, int interventions) =>
        new(Bases, Sources, LossOf(place, example => example.Label))
        {
            UnitLocations = place.LocationsOf(Examples, interventions),
            Settings = new RunSettings { Subspaces = place.Subspaces },
        };

    /// <summary>The bases alone: what is right without an interchange is to be answered.</summary>
    /// <param name="place">Where the interventions are, all of which are skipped.</param>
    /// <param name="interventions">How many there are.</param>
    public TrainingBatch ToTask(InterchangePlace place, int interventions) =>
        ToTraining(place, interventions) with
        {
            Sources = [null],
            Loss = LossOf(place, example => example.BaseLabel!.Value),
        };

    /// <summary>Some examples as batches: in the order in which each kind of batch first stands.</summary>
    public static IEnumerable<InterchangeBatch> Of(IEnumerable<InterchangeExample> examples, int size) =>
        Kinds(examples).SelectMany(kind => Of(kind, size));

    /// <summary>Examples of one kind as batches.</summary>
    public static IEnumerable<InterchangeBatch> Of(InterchangeExample[] kind, int size) =>
        kind.Chunk(size).Select(chunk => new InterchangeBatch([.. chunk]));

    /// <summary>The kinds of examples that can stand in one batch.</summary>
    public static IEnumerable<InterchangeExample[]> Kinds(IEnumerable<InterchangeExample> examples) =>
        examples.GroupBy(ShapeOf).Select(group => group.ToArray());

    private CrossEntropyLoss LossOf(InterchangePlace place, Func<InterchangeExample, long> label) =>
        new(NumericArray.Of(Examples.Select(label).ToArray(), Examples.Length))
        {
            Positions = place.AnswerPosition is { } position
                ? NumericArray.Of(
                    Examples.Select(example => (long)position.In(example.Base)).ToArray(),
                    Examples.Length,
                    1
                )
                : null,
        };

    private ModelInputs? Joined(int source) =>
        Examples[0].Sources[source] is null
            ? null
            : ModelInputs.Joined([.. Examples.Select(example => example.Sources[source]!.Inputs)]);

    private static string ShapeOf(InterchangeExample example) =>
        string.Join(
            " | ",
            example.Sources.Select(source => source?.Inputs.RowShape ?? "-").Prepend(example.Base.Inputs.RowShape)
        );
}
