using System.Collections.Immutable;

namespace OnnxIntervene.Comparing;

/// <summary>How far B's first output is from A's.</summary>
/// <param name="Name">The output's name in B.</param>
/// <param name="Measure">How their distance is measured.</param>
public sealed record ComparedOutput(string Name, OutputMeasure Measure)
{
    /// <summary>The distance of each example's outputs: the mean over its kept positions.</summary>
    public required ImmutableArray<double> Distances { get; init; }

    /// <summary>The mean of these.</summary>
    public double Mean => Distances.IsEmpty ? 0 : Distances.Average();

    /// <summary>‖b − a‖ / ‖a‖ of the outputs themselves.</summary>
    public required double RelativeError { get; init; }

    /// <summary>The largest absolute difference of two elements.</summary>
    public required double LargestDifference { get; init; }

    /// <summary>The relative error when every compared component before the output has A's values.</summary>
    public required double LocalError { get; init; }

    /// <summary>The largest local error that rounding explains.</summary>
    public required double Explained { get; init; }

    /// <summary>Whether what follows the last component (final norm, vocabulary's matrix) differs by itself.</summary>
    public bool PartsByItself => !(LocalError <= Explained);

    /// <summary>
    /// What shares of the distance are measured in: divergence, or where it is less than rounding makes of it, the
    /// square of the relative error; null where the outputs are the same within rounding, and there are no shares.
    /// </summary>
    public required OutputMeasure? SharesIn { get; init; }
}
