using System.Collections.Immutable;
using OnnxIntervene.Planning;

namespace OnnxIntervene.Steering;

/// <summary>
/// The cells of a search: cell 0 is the model as it is; then layer by layer one for each coefficient, which the layer
/// has while the others have 0.
/// </summary>
internal sealed class SteeringGrid(SteeringSearchRequest request)
{
    /// <summary>The layers, in order.</summary>
    public ImmutableArray<int> Layers { get; } = [.. request.Vector.Directions.Keys];

    /// <summary>How many cells there are, with the model as it is.</summary>
    public int Count => 1 + (Layers.Length * request.Coefficients.Length);

    /// <summary>The layer of a cell; null for the model as it is.</summary>
    public int? LayerOf(int cell) => cell == 0 ? null : Layers[(cell - 1) / request.Coefficients.Length];

    /// <summary>The coefficient of a cell at its layer.</summary>
    public float CoefficientOf(int cell) =>
        cell == 0 ? 0 : request.Coefficients[(cell - 1) % request.Coefficients.Length];

    /// <summary>The coefficients of the vector's interventions for a batch with a cell in each row.</summary>
    public IEnumerable<Coefficient> CoefficientsOf(IReadOnlyCollection<int> cells) =>
        Layers.Select(layer =>
            Coefficient.PerExample([.. cells.Select(cell => LayerOf(cell) == layer ? CoefficientOf(cell) : 0)])
        );
}
