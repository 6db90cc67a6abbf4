using System.Collections.Immutable;
using OnnxIntervene.Interventions;
using OnnxIntervene.Studies.Alignment;
using OnnxIntervene.Training;
using OnnxIntervene.Training.Optimizers;

namespace OnnxIntervene.Studies.Tuning;

/// <summary>
/// What a model's weights are trained to do: to answer interchanges as a causal model does (interchange intervention
/// training, Geiger et al. 2022). Immutable.
/// </summary>
public sealed record InterchangeTrainingRequest
{
    /// <summary>The interventions, which stay as they are.</summary>
    public required IntervenableConfig Config { get; init; }

    /// <summary>Where they read and write.</summary>
    public required InterchangePlace Place { get; init; }

    /// <summary>What is learnt from.</summary>
    public required InterchangeDataSet Training { get; init; }

    /// <summary>What accuracy is measured on, before and after.</summary>
    public required InterchangeDataSet Test { get; init; }

    /// <summary>
    /// What interchange accuracy is measured on while the weights are trained: other examples than those of the
    /// training and the test. The weights that did best are written. Null for none.
    /// </summary>
    public InterchangeDataSet? HeldOut { get; init; }

    /// <summary>
    /// After how many measurements without a better accuracy on <see cref="HeldOut"/> the training ends; null to take
    /// all steps.
    /// </summary>
    public int? Patience { get; init; }

    /// <summary>Steps between two measurements; null for one pass over the examples of the training.</summary>
    public int? MeasureEvery { get; init; }

    /// <summary>The weights, by the file's names; empty for every matrix and vector of 32-bit floats.</summary>
    public ImmutableArray<string> Weights { get; init; } = [];

    /// <summary>
    /// Whether each step also learns the right answers to the bases alone, where the examples tell them: the task
    /// itself.
    /// </summary>
    public bool LearnsTask { get; init; } = true;

    /// <summary>How many steps are taken.</summary>
    public int Steps { get; init; } = 200;

    /// <summary>How many examples a step learns from, and a run takes.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>What the order of the examples is drawn from.</summary>
    public uint Seed { get; init; }

    /// <summary>How weights move; steps and accumulation are the request's own.</summary>
    public TrainingOptions Options { get; init; } =
        new() { Optimizer = new Adam(1e-3), Schedule = LearningRateSchedule.Linear(0) };

    /// <summary>How many steps there are before each of the first measurements.</summary>
    /// <param name="count">How many measurements.</param>
    public ImmutableArray<int> StepsOfMeasures(int count) =>
        [.. Enumerable.Range(1, count).Select(number => Math.Min(number * MeasuresEvery, Steps))];

    /// <summary>Steps between two measurements.</summary>
    internal int MeasuresEvery => MeasureEvery ?? Math.Max(1, (Training.Examples.Length + BatchSize - 1) / BatchSize);
}
