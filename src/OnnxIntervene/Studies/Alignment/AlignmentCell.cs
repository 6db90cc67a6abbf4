using System.Collections.Immutable;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>What a search found at one layer and position.</summary>
public sealed record AlignmentCell
{
    /// <summary>The number of the layer among those that were searched.</summary>
    public required int Row { get; init; }

    /// <summary>The number of the position among those that were searched.</summary>
    public required int Column { get; init; }

    /// <summary>The accuracy over all examples of the test.</summary>
    public required InterchangeScores All { get; init; }

    /// <summary>
    /// The accuracy over those whose right answer the interchange changes; null where the data do not tell.
    /// </summary>
    public InterchangeScores? Changed { get; init; }

    /// <summary>The mean loss of the last tenth of the training.</summary>
    public required double Loss { get; init; }

    /// <summary>The loss of each batch of the training, in order.</summary>
    public ImmutableArray<double> Losses { get; init; } = [];

    /// <summary>
    /// The accuracy on held-out examples, measuring by measuring of the training; empty where nothing was held out.
    /// </summary>
    public ImmutableArray<double> HeldOut { get; init; } = [];

    /// <inheritdoc/>
    public bool Equals(AlignmentCell? other) =>
        other is not null
        && (Row, Column, All, Changed, Loss) == (other.Row, other.Column, other.All, other.Changed, other.Loss)
        && Losses.SequenceEqual(other.Losses)
        && HeldOut.SequenceEqual(other.HeldOut);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Row, Column, All, Changed, Loss, Losses.Length);
}
