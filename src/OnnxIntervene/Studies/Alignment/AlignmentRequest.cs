using System.Collections.Immutable;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Training;
using OnnxIntervene.Training.Optimizers;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>
/// Where variables of a causal model are looked for in a network, and how (distributed alignment search, Geiger et al.
/// 2023). Immutable.
/// </summary>
public sealed record AlignmentRequest
{
    /// <summary>
    /// What rotations are trained on. As many sources as an example has, so many variables there are.
    /// </summary>
    public required InterchangeDataSet Training { get; init; }

    /// <summary>What the accuracy is measured on: other examples than those of the training.</summary>
    public required InterchangeDataSet Test { get; init; }

    /// <summary>
    /// What accuracy is measured on while a cell is trained: other examples than those of the training and the test.
    /// The parameters that did best are kept. Null for none.
    /// </summary>
    public InterchangeDataSet? HeldOut { get; init; }

    /// <summary>
    /// After how many measurements without a better accuracy on <see cref="HeldOut"/> the training of a cell ends; null
    /// to take all steps.
    /// </summary>
    public int? Patience { get; init; }

    /// <summary>Steps between two measurements; null for one pass over the examples of the training.</summary>
    public int? MeasureEvery { get; init; }

    /// <summary>
    /// The kind that is trained: one that interchanges, with or without parts of its space for several variables. Soft
    /// masks cool from 50 to 0.1 unless <see cref="Options"/> say otherwise. Null for rotations of <see cref="Rank"/>
    /// dimensions for each variable.
    /// </summary>
    public InterventionType? Kind { get; init; }

    /// <summary>
    /// The heads, where the component has heads: each is searched by itself, at each position; empty for all.
    /// </summary>
    public ImmutableArray<int> Heads { get; init; } = [];

    /// <summary>
    /// Where some variables are, by their numbers, from 0: they are trained there, while the others are searched.
    /// </summary>
    public ImmutableSortedDictionary<int, VariableSite> Sites { get; init; } =
        ImmutableSortedDictionary<int, VariableSite>.Empty;

    /// <summary>The component that is rotated.</summary>
    public string Component { get; init; } = "block_output";

    /// <summary>The layers; empty for all.</summary>
    public ImmutableArray<int> Layers { get; init; } = [];

    /// <summary>The positions; empty for all, which examples of one length have.</summary>
    public ImmutableArray<ExamplePosition> Positions { get; init; } = [];

    /// <summary>Where sources are read, for each of <see cref="Positions"/>; empty for the same positions.</summary>
    public ImmutableArray<ExamplePosition> SourcePositions { get; init; } = [];

    /// <summary>Where logits are read; null for the last token.</summary>
    public ExamplePosition? AnswerPosition { get; init; }

    /// <summary>How many rotated dimensions each variable gets.</summary>
    public int Rank { get; init; } = 32;

    /// <summary>How many steps the training of a cell takes.</summary>
    public int Steps { get; init; } = 200;

    /// <summary>How many examples a step learns from, and a run takes.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>What initial and random rotations and the order of the examples are drawn from.</summary>
    public uint Seed { get; init; }

    /// <summary>How rotations move; the number of steps is <see cref="Steps"/>.</summary>
    public TrainingOptions Options { get; init; } =
        new() { Optimizer = new Adam(5e-3), Schedule = LearningRateSchedule.Linear(0) };

    /// <summary>How many steps there are before each of the first measurements of a cell.</summary>
    /// <param name="count">How many measurements.</param>
    public ImmutableArray<int> StepsOfMeasures(int count) =>
        [.. Enumerable.Range(1, count).Select(number => Math.Min(number * MeasuresEvery, Steps))];

    /// <summary>Steps between two measurements.</summary>
    internal int MeasuresEvery =>
        MeasureEvery
        ?? Math.Max(1, (Training.Examples.Length + BatchSize - 1) / BatchSize / Options.GradientAccumulation);
}
