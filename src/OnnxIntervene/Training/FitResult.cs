using System.Collections.Immutable;

namespace OnnxIntervene.Training;

/// <summary>What a training reached.</summary>
public sealed record FitResult
{
    /// <summary>The loss of every batch, in order.</summary>
    public required ImmutableArray<double> Losses { get; init; }

    /// <summary>The accuracy of every batch, in order.</summary>
    public required ImmutableArray<double> Accuracies { get; init; }

    /// <summary>The held-out accuracy after every epoch; empty where nothing was held out.</summary>
    public required ImmutableArray<double> HeldOutAccuracies { get; init; }

    /// <summary>How many steps moved the parameters.</summary>
    public required int Steps { get; init; }

    /// <summary>Whether the training ended before its last epoch, since held-out accuracy no longer rose.</summary>
    public required bool EndedEarly { get; init; }

    /// <summary>
    /// The epoch whose parameters are the result, from 0: the best on held-out examples, else the last.
    /// </summary>
    public required int BestEpoch { get; init; }
}
