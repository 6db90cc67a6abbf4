using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>Interchanges with their right answers. Immutable.</summary>
/// <param name="Examples">The examples, at least one.</param>
public sealed record InterchangeDataSet(ImmutableArray<InterchangeExample> Examples)
{
    /// <summary>
    /// The tokens or classes that the model chooses among: the one with the largest logit is its answer. Empty for all
    /// of them.
    /// </summary>
    public ImmutableArray<int> Answers { get; init; } = [];

    /// <summary>
    /// The share of examples whose right answer the interchange leaves as it is; null where that is not known.
    /// </summary>
    public double? UnchangedShare =>
        Examples.All(example => example.IsAnswerChanged is not null)
            ? Examples.Average(example => example.IsAnswerChanged == false ? 1.0 : 0.0)
            : null;

    /// <summary>Something of each example, found by the example itself: two may have the same contents.</summary>
    internal Dictionary<InterchangeExample, T> ByExample<T>(IEnumerable<T> items)
    {
        var found = new Dictionary<InterchangeExample, T>(ReferenceEqualityComparer.Instance);
        foreach (var (example, item) in Examples.Zip(items))
            found[example] = item;
        return found;
    }

    /// <summary>Holds a random part of the examples out.</summary>
    /// <param name="heldOut">The share that is held out, between 0 and 1.</param>
    /// <param name="seed">What the part is drawn from.</param>
    /// <exception cref="InterventionException">A part would be empty.</exception>
    public (InterchangeDataSet Training, InterchangeDataSet HeldOut) Split(double heldOut, uint seed)
    {
        var shuffled = Examples.ToArray();
        new NumpyRandom(seed).Shuffle(shuffled);
        var count = (int)Math.Round(heldOut * shuffled.Length);
        if (count < 1 || count >= shuffled.Length)
            throw new InterventionException(
                $"Of {shuffled.Length} examples a share of {heldOut} cannot be held out: both parts need one at least."
            );
        return (this with { Examples = [.. shuffled.Skip(count)] }, this with { Examples = [.. shuffled.Take(count)] });
    }

    /// <summary>Checks all examples against a model; runs nothing.</summary>
    /// <exception cref="InterventionException">
    /// There are no examples, a label is no answer or no class of the model, a token is not in its vocabulary, or
    /// examples differ in their number of sources; the message names the example.
    /// </exception>
    public void Check(LoadedModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (Examples.IsDefaultOrEmpty)
            throw new InterventionException("The data set has no examples.");
        var classes = ClassesOf(model);
        foreach (var answer in Answers)
            RequireClass(answer, classes, "The answer");
        for (var index = 0; index < Examples.Length; index++)
        {
            try
            {
                Check(Examples[index], model, classes);
            }
            catch (InterventionException fault)
            {
                throw new InterventionException($"{NameOf(index)}: {fault.Message}", fault);
            }
        }
    }

    /// <summary>An example as messages name it.</summary>
    internal string NameOf(int index) =>
        Examples[index].Origin is { Length: > 0 } origin ? origin : $"Example {index + 1}";

    private void Check(InterchangeExample example, LoadedModel model, int? classes)
    {
        foreach (var label in new[] { example.Label, example.BaseLabel }.OfType<int>())
        {
            if (!Answers.IsEmpty && !Answers.Contains(label))
                throw new InterventionException(
                    $"The label {label} is none of the answers {string.Join(", ", Answers)}."
                );
            RequireClass(label, classes, "The label");
        }

        if (example.Sources.Length != Examples[0].Sources.Length)
            throw new InterventionException(
                $"It has {example.Sources.Length} sources, and the first example {Examples[0].Sources.Length}."
            );
        if (example.Sources.All(source => source is null))
            throw new InterventionException("It has no source.");
        foreach (var input in example.Sources.Prepend(example.Base).OfType<InterchangeInput>())
        {
            InputChecks.Check(input.Inputs, model.Components);
            if (input.Inputs.BatchSize != 1)
                throw new InterventionException(
                    $"A base or source is a batch of {input.Inputs.BatchSize}; an example is a batch of one."
                );
        }
    }

    private static void RequireClass(int label, int? classes, string what)
    {
        if (label < 0 || label >= (classes ?? int.MaxValue))
            throw new InterventionException(
                classes is { } count
                    ? $"{what} is {label}, but the model has {count} classes or tokens: 0 to {count - 1}."
                    : $"{what} is {label}; classes and tokens begin at 0."
            );
    }

    // The last axis of the logits, where the file tells it.
    private static int? ClassesOf(LoadedModel model) =>
        model.Model.Graph.Outputs is [{ Type.Shape: { Rank: > 1 } shape }, ..] && shape[shape.Rank - 1].Size is { } size
            ? (int)Math.Min(size, int.MaxValue)
            : (int?)model.Components.Limits.Vocabulary;
}
