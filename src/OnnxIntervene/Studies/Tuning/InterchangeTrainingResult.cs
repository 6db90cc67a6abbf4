using System.Collections.Immutable;
using OnnxIntervene.Studies.Alignment;

namespace OnnxIntervene.Studies.Tuning;

/// <summary>What a training of weights reached.</summary>
public sealed record InterchangeTrainingResult
{
    /// <summary>Interchange accuracy with the weights of the file.</summary>
    public required InterchangeResult Before { get; init; }

    /// <summary>Interchange accuracy of the file that was written.</summary>
    public required InterchangeResult After { get; init; }

    /// <summary>How often the bases alone are answered right, before; null where the test does not tell.</summary>
    public AccuracyEstimate? TaskBefore { get; init; }

    /// <summary>The same of the file that was written.</summary>
    public AccuracyEstimate? TaskAfter { get; init; }

    /// <summary>The loss of each step, in order.</summary>
    public required ImmutableArray<double> Losses { get; init; }

    /// <summary>The accuracy of each measurement on what was held out, in order; empty where nothing was.</summary>
    public ImmutableArray<double> HeldOut { get; init; } = [];

    /// <summary>Of these the number of the best, whose weights were written; 0 where there are none.</summary>
    public int BestMeasure { get; init; }

    /// <summary>The names of the weights that were trained.</summary>
    public required ImmutableArray<string> Weights { get; init; }
}
