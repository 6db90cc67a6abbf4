using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// How far x lies along a direction is kept between two bounds, or set to a number: x + (min(max(x · v, low), high) −
/// x · v) v. One bound caps (activation capping, Lu et al. 2026), two equal ones clamp (Templeton et al. 2024, there a
/// feature of a sparse autoencoder). Units within the bounds are left bit for bit.
/// </summary>
public sealed record ClampIntervention : Intervention
{
    private const string LowName = "low";
    private const string HighName = "high";

    internal static InterventionType Kind { get; } =
        new("Clamp", Clamped)
        {
            Source = KindSource.None,
            Affine = Folded,
            IsPyvenes = false,
            Parameters =
            [
                UnitDirection.Parameter,
                new(LowName, _ => [1]) { IsOptional = true },
                new(HighName, _ => [1]) { IsOptional = true },
            ],
            Create = arrays => new ClampIntervention(
                arrays[UnitDirection.Name],
                arrays.Number(LowName, float.NegativeInfinity),
                arrays.Number(HighName, float.PositiveInfinity)
            ),
        };

    /// <summary>Creates the intervention.</summary>
    /// <param name="direction">v, <c>[width]</c>; it is made 1 long, so that the bounds are lengths.</param>
    /// <param name="low">The least x · v; negative infinity for none.</param>
    /// <param name="high">The greatest x · v; infinity for none.</param>
    /// <exception cref="InterventionException">
    /// The direction is zero or not finite, or the bounds leave nothing between them, or everything.
    /// </exception>
    public ClampIntervention(NumericArray direction, float low, float high)
        : base(
            Kind,
            new(direction?.Length ?? 0, direction?.Length ?? 0),
            (UnitDirection.Name, UnitDirection.Of(direction!)),
            (LowName, NumericArray.Of(new[] { low }, 1)),
            (HighName, NumericArray.Of(new[] { high }, 1))
        )
    {
        // Also refuses bounds that are no numbers.
        if (!(low <= high) || float.IsPositiveInfinity(low) || float.IsNegativeInfinity(high))
            throw new InterventionException(
                FormattableString.Invariant(
                    $"The bounds of a clamp are {low} and {high}; the lower must not exceed the upper."
                )
            );
        if (float.IsNegativeInfinity(low) && float.IsPositiveInfinity(high))
            throw new InterventionException($"A clamp needs a bound: '{LowName}', '{HighName}' or both.");
    }

    /// <summary>The least x · v; negative infinity where there is none.</summary>
    public float Low => Parameters[LowName].Floats[0];

    /// <summary>The greatest x · v; infinity where there is none.</summary>
    public float High => Parameters[HighName].Floats[0];

    /// <summary>The intervention that sets x · v to a number.</summary>
    /// <inheritdoc cref="ClampIntervention(NumericArray, float, float)"/>
    public static ClampIntervention To(NumericArray direction, float value) => new(direction, value, value);

    private static Value Clamped(KindRows rows)
    {
        var before = UnitDirection.Projection(rows);
        var atLeast = rows.Ops.Emit("Max", [before, rows.Parameter(LowName)]);
        var after = rows.Ops.Emit("Min", [atLeast, rows.Parameter(HighName)]);
        var change = rows.Ops.Mul(rows.Ops.Sub(after, before), rows.Parameter(UnitDirection.Name));
        return rows.Choose(rows.Ops.Add(rows.Base, change), rows.Base);
    }

    // Between equal bounds, x + (value − x · v) v: D = −v, U and the shift along v.
    private static AffineForm? Folded(AffineInputs inputs)
    {
        var (low, high) = (inputs.Parameters[LowName].Floats[0], inputs.Parameters[HighName].Floats[0]);
        if (low < high)
            return null;
        var direction = inputs.Parameters[UnitDirection.Name].Floats.ToArray();
        var (down, up) = (new double[inputs.Width, 1], new double[1, inputs.Width]);
        for (var index = 0; index < inputs.Width; index++)
        {
            down[index, 0] = -direction[index];
            up[0, index] = inputs.IsChosen(index) ? direction[index] : 0;
        }

        return AffineForm.Adding(inputs, index => low * direction[index]) with
        {
            Down = down,
            Up = up,
        };
    }
}

public sealed partial class InterventionType
{
    /// <summary>x with x · v kept between two bounds, or set, in S.</summary>
    public static InterventionType Clamp => ClampIntervention.Kind;
}
