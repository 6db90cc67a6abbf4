using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Steering;

/// <summary>
/// How a steering vector acts: it is added; added where the values lie on one side of a threshold; added without
/// changing their length; or the values are clamped along it. The default adds it everywhere.
/// </summary>
public sealed record SteeringManner
{
    /// <summary>The vector is added everywhere.</summary>
    public static SteeringManner Addition { get; } = new();

    /// <summary>Act only where the values' length along the direction is above this; null for everywhere.</summary>
    public float? WhenAbove { get; init; }

    /// <summary>Act only where the values' length along the direction is below this; null for everywhere.</summary>
    public float? WhenBelow { get; init; }

    /// <summary>
    /// The directions that a condition looks along, a layer each, or one for all layers; null for the vector's own.
    /// </summary>
    public SteeringVector? Along { get; init; }

    /// <summary>Whether the values keep their length.</summary>
    public bool KeepsNorm { get; init; }

    /// <summary>
    /// The least and the greatest length along the vector that the values may have, in place of an addition; equal
    /// ones set it, infinite ones are none. Null for an addition.
    /// </summary>
    public (float Low, float High)? Clamp { get; init; }

    /// <summary>Throws unless the parts go together.</summary>
    /// <exception cref="InterventionException">They do not.</exception>
    public void Check()
    {
        if (WhenAbove is not null && WhenBelow is not null)
            throw new InterventionException("Steer above a threshold or below one, not both; a clamp has two bounds.");
        var hasCondition = WhenAbove is not null || WhenBelow is not null;
        if (Along is not null && !hasCondition)
            throw new InterventionException(
                "A direction to look along needs a threshold: say above or below which length to steer."
            );
        if (Clamp is not null && (hasCondition || KeepsNorm))
            throw new InterventionException(
                "A clamp adds nothing, so that it takes no threshold and no kept length; give it alone."
            );
    }

    /// <summary>The intervention that does so with a layer's direction.</summary>
    internal Intervention Of(int layer, NumericArray direction)
    {
        Check();
        if (Clamp is { } bounds)
            return new ClampIntervention(direction, bounds.Low, bounds.High);
        if (WhenAbove is { } above)
            return new ConditionalAdditionIntervention(Looked(layer, direction), above, KeepsNorm);
        if (WhenBelow is { } below)
            return new ConditionalAdditionIntervention(Negative(Looked(layer, direction)), -below, KeepsNorm);
        return KeepsNorm ? new NormPreservingAdditionIntervention() : new AdditionIntervention();
    }

    private NumericArray Looked(int layer, NumericArray own)
    {
        if (Along is not { } along)
            return own;
        var found =
            along.Directions.GetValueOrDefault(layer)
            ?? throw new InterventionException(
                $"There is no direction to look along for layer {layer}; there are those of layers "
                    + $"{string.Join(", ", along.Directions.Keys)}."
            );
        return found.Length == own.Length
            ? found
            : throw new InterventionException(
                $"The direction to look along is {found.Length} wide at layer {layer}, the steering vector "
                    + $"{own.Length}."
            );
    }

    private static NumericArray Negative(NumericArray direction) =>
        NumericArray.Of(Array.ConvertAll(direction.Floats.ToArray(), number => -number), direction.Length);
}
