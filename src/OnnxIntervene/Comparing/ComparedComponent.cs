using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Comparing;

/// <summary>How far a component of B is from the same component of A, over all examples and kept positions.</summary>
/// <param name="Address">The component.</param>
public sealed record ComparedComponent(ComponentAddress Address)
{
    /// <summary>‖b − a‖ / ‖a‖, each model run by itself.</summary>
    public required double RelativeError { get; init; }

    /// <summary>The cosine of the angle between all values of A and all of B.</summary>
    public required double Cosine { get; init; }

    /// <summary>The largest absolute difference of two elements.</summary>
    public required double LargestDifference { get; init; }

    /// <summary>
    /// ‖b′ − a‖ / ‖a‖, where b′ is what B computes when everything that it reads is A's: at every compared component
    /// before this one, A's values are written into B's run. What is left is this component's own difference.
    /// </summary>
    public required double LocalError { get; init; }

    /// <summary>The largest local error that rounding explains here; see <see cref="RoundingLimits"/>.</summary>
    public required double Explained { get; init; }

    /// <summary>
    /// The share of the outputs' distance that is gone when A's values are written into B here, at every position: 1 −
    /// D(A, patched B) / D(A, B). 1 restores A's output, 0 changes nothing. Null where it was not measured.
    /// </summary>
    public double? Restored { get; init; }

    /// <summary>
    /// The same when only this component's own difference is taken out: a − b′ is added to what B computes here. It
    /// tells what is caused here from what has merely passed by. Null where it was not measured.
    /// </summary>
    public double? Repaired { get; init; }

    /// <summary>Whether B computes something else here than A, by more than rounding explains.</summary>
    public bool PartsByItself => !(LocalError <= Explained);
}
