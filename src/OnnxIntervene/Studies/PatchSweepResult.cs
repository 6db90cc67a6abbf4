using System.Collections.Immutable;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies;

/// <summary>What activation patching measured: logits at the last position for each layer and column.</summary>
public sealed record PatchSweepResult
{
    /// <summary>The component that was patched.</summary>
    public required string Component { get; init; }

    /// <summary>Whether columns are heads; otherwise they are positions.</summary>
    public required bool ColumnsAreHeads { get; init; }

    /// <summary>The layers, a row each.</summary>
    public required ImmutableArray<int> Layers { get; init; }

    /// <summary>The positions or heads, a column each.</summary>
    public required ImmutableArray<int> Columns { get; init; }

    /// <summary>The right answer's logit after each patch.</summary>
    public required SweepGrid AnswerLogits { get; init; }

    /// <summary>The wrong answer's logit after each patch.</summary>
    public required SweepGrid WrongLogits { get; init; }

    /// <summary>The right answer's logit minus the wrong one's in the clean run.</summary>
    public required float CleanDifference { get; init; }

    /// <summary>The same in the corrupt run.</summary>
    public required float CorruptDifference { get; init; }

    /// <summary>The clean run's own answer.</summary>
    public TopAnswer? CleanTop { get; init; }

    /// <summary>The corrupt run's own answer.</summary>
    public TopAnswer? CorruptTop { get; init; }

    /// <summary>What the sweep took; null where it is not known.</summary>
    public SweepPlan? Plan { get; init; }

    /// <summary>The right answer's logit minus the wrong one's after each patch.</summary>
    public SweepGrid LogitDifference => AnswerLogits.Zip(WrongLogits, (answer, wrong) => answer - wrong);

    /// <summary>
    /// How much of the way from the corrupt to the clean run each patch goes: 0 changes nothing, 1 restores the clean
    /// run.
    /// </summary>
    public SweepGrid Normalized =>
        LogitDifference.Map(value => (value - CorruptDifference) / (CleanDifference - CorruptDifference));
}
