using OnnxIntervene.Tensors;

namespace OnnxIntervene.Steering;

/// <summary>
/// How a direction is found from the values at positive and negative examples, each <c>[examples, width]</c> with one
/// row an example.
/// </summary>
/// <param name="Name">The method's name in commands and files.</param>
/// <param name="Fit">Computes the direction, <c>[width]</c>, from positive and negative values.</param>
public sealed record SteeringMethod(string Name, Func<NumericArray, NumericArray, NumericArray> Fit)
{
    /// <summary>The mean of the positive minus the mean of the negative (Rimsky et al. 2024).</summary>
    public static SteeringMethod DifferenceOfMeans { get; } =
        new(
            "mean",
            (positive, negative) => Directions.Difference(Directions.Mean(positive), Directions.Mean(negative))
        );

    /// <summary>
    /// The mean of the positive minus the mean of all examples (mean-centring, Jorgensen et al. 2023).
    /// </summary>
    public static SteeringMethod MeanCentred { get; } =
        new(
            "mean-centred",
            (positive, negative) =>
                Directions.Difference(
                    Directions.Mean(positive),
                    Directions.Mean(NumericArray.Joined([positive, negative]))
                )
        );

    /// <summary>
    /// The first principal component of the pairs' differences, of length 1, toward the positive (Zou et al. 2023;
    /// repeng's <c>pca_diff</c>).
    /// </summary>
    public static SteeringMethod PrincipalComponent { get; } = new("pca", Directions.PrincipalComponent);

    /// <inheritdoc/>
    public override string ToString() => Name;
}
