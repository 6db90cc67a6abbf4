using System.Collections.Immutable;
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
}
