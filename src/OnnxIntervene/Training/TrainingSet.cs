using System.Collections.Immutable;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training;

/// <summary>Examples of one shape, which can be put together in batches.</summary>
public sealed class TrainingSet
{
    private readonly ImmutableArray<TrainingExample> _examples;

    /// <summary>Checks that the examples fit each other.</summary>
    /// <exception cref="InterventionException">
    /// There is none, or one differs from the first in what a batch must agree in.
    /// </exception>
    public TrainingSet(IEnumerable<TrainingExample> examples)
    {
        ArgumentNullException.ThrowIfNull(examples);
        _examples = [.. examples];
        if (_examples.IsEmpty)
            throw new InterventionException("There are no examples to learn from.");
        for (var index = 0; index < _examples.Length; index++)
            CheckFit(index);
    }

    /// <summary>How many examples there are.</summary>
    public int Count => _examples.Length;

    /// <summary>The examples.</summary>
    public IReadOnlyList<TrainingExample> Examples => _examples;

    /// <summary>Some examples as a batch with the cross entropy of their labels.</summary>
    /// <param name="numbers">Their numbers, from 0.</param>
    public TrainingBatch Batch(params IReadOnlyList<int> numbers)
    {
        ArgumentNullException.ThrowIfNull(numbers);
        var chosen = numbers.Select(number => _examples[number]).ToList();
        var first = chosen[0];
        return new TrainingBatch(
            ModelInputs.Joined([.. chosen.Select(example => example.Base)]),
            [
                .. Enumerable
                    .Range(0, first.Sources.Length)
                    .Select(source =>
                        first.Sources[source] is null
                            ? null
                            : ModelInputs.Joined([.. chosen.Select(example => example.Sources[source]!)])
                    ),
            ],
            new CrossEntropyLoss(NumericArray.Of(chosen.Select(example => example.Label).ToArray(), chosen.Count))
        )
        {
            UnitLocations = JoinedRows.Of(chosen, example => example.UnitLocations, JoinedRows.Join),
            Settings = JoinedRows.Of(chosen, example => example.Subspaces, JoinedRows.Join) is { } subspaces
                ? new RunSettings { Subspaces = subspaces }
                : null,
        };
    }

    /// <summary>An example as messages name it.</summary>
    internal string NameOf(int index) =>
        _examples[index].Origin is { Length: > 0 } origin ? $"{origin} (example {index})" : $"Example {index}";

    private void CheckFit(int index)
    {
        var (example, first) = (_examples[index], _examples[0]);
        var name = NameOf(index);
        Require(example.Base.BatchSize == 1, "its base is more than one example");
        Require(
            example.Base.RowShape == first.Base.RowShape,
            $"its base is {example.Base.RowShape}",
            first.Base.RowShape
        );
        Require(example.Sources.Length == first.Sources.Length, $"it has {example.Sources.Length} sources");
        for (var source = 0; source < example.Sources.Length; source++)
        {
            var (own, other) = (example.Sources[source], first.Sources[source]);
            Require(own is null == other is null, $"its source {source} is {(own is null ? "left out" : "given")}");
            if (own is not null)
                Require(own.RowShape == other!.RowShape, $"its source {source} is {own.RowShape}", other.RowShape);
        }

        Require(example.UnitLocations is null == first.UnitLocations is null, "only one of them has unit locations");
        Require(example.Subspaces is null == first.Subspaces is null, "only one of them has subspaces");
        RequireSame(
            "unit locations are",
            JoinedRows.FormOf(example.UnitLocations),
            JoinedRows.FormOf(first.UnitLocations)
        );
        RequireSame("subspaces are", JoinedRows.FormOf(example.Subspaces), JoinedRows.FormOf(first.Subspaces));

        void RequireSame(string what, string own, string expected) =>
            Require(own == expected, $"its {what} {own}", expected);

        void Require(bool holds, string what, string? expected = null)
        {
            if (!holds)
                throw new InterventionException(
                    $"{name} does not fit example 0: {what}{(expected is null ? "" : $", not {expected}")}. All "
                        + "examples of a training must have the same shape."
                );
        }
    }
}
