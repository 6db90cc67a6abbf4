using System.Collections.Immutable;

namespace OnnxIntervene.Steering;

/// <summary>What steering at one layer with one coefficient does, and what it costs.</summary>
/// <param name="Layer">The layer; null for the model as it is.</param>
/// <param name="Coefficient">The coefficient; 0 for the model as it is.</param>
/// <param name="Projection">
/// How far the values at the prompts' last tokens lie along the vector, at its last layer, whose direction is made 1
/// long: the mean over prompts.
/// </param>
/// <param name="WordProbability">
/// The probability that one of the words' tokens follows: the mean over prompts. NaN where none were asked for.
/// </param>
/// <param name="Perplexity">The perplexity of the neutral texts: e to the mean loss of their tokens.</param>
public sealed record SteeringSearchCell(
    int? Layer,
    float Coefficient,
    double Projection,
    double WordProbability,
    double Perplexity
)
{
    /// <summary>
    /// The share of the words of all generated texts that are in the bag. NaN where none were generated.
    /// </summary>
    public double WordShare { get; init; } = double.NaN;

    /// <summary>The share of generated texts that have a word of the bag. NaN where none were generated.</summary>
    public double TextShare { get; init; } = double.NaN;
}

/// <summary>Effect and cost of steering, over layers and coefficients.</summary>
/// <param name="Unsteered">The model as it is.</param>
/// <param name="Layers">The layers, in order.</param>
/// <param name="Coefficients">The coefficients, in order.</param>
/// <param name="Cells">A cell for each layer and coefficient, layer by layer.</param>
/// <param name="Score">What the effect is measured by.</param>
/// <param name="ReadLayer">The layer at which the projection is read.</param>
public sealed record SteeringSearchResult(
    SteeringSearchCell Unsteered,
    ImmutableArray<int> Layers,
    ImmutableArray<float> Coefficients,
    ImmutableArray<SteeringSearchCell> Cells,
    SteeringScore Score,
    int ReadLayer
)
{
    /// <summary>The effect of a cell: what it adds to what the model as it is scores.</summary>
    public double Effect(SteeringSearchCell cell) => ScoreOf(cell) - ScoreOf(Unsteered);

    /// <summary>The score of a cell.</summary>
    public double ScoreOf(SteeringSearchCell cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        return Score switch
        {
            SteeringScore.NextToken => cell.WordProbability,
            SteeringScore.GeneratedText => cell.WordShare,
            _ => cell.Projection,
        };
    }

    /// <summary>The cost of a cell: its perplexity over that of the model as it is.</summary>
    public double Cost(SteeringSearchCell cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        return cell.Perplexity / Unsteered.Perplexity;
    }

    /// <summary>The cell of the greatest effect among those of at most some cost; null where there is none.</summary>
    /// <param name="mostCost">The greatest cost; 1 is that of the model as it is.</param>
    /// <param name="layer">Only cells of this layer; null for all.</param>
    public SteeringSearchCell? Best(double mostCost, int? layer = null) =>
        Cells
            .Where(cell => Cost(cell) <= mostCost && (layer is null || cell.Layer == layer))
            .MaxBy(cell => Effect(cell));
}
