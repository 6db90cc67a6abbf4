using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>A constant in place of x.</summary>
public sealed record ConstantSourceIntervention : Intervention
{
    private const string ArrayName = "source_representation";

    internal static InterventionType Kind { get; } =
        new("ConstantSource", rows => rows.Choose(rows.Source!, rows.Base))
        {
            Source = KindSource.Constant,
            Affine = inputs => AffineForm.Replacing(inputs, inputs.Source!),
            IsPyvenes = false,
            Parameters = [new(ArrayName, Shape: null)],
            Create = arrays => new ConstantSourceIntervention(arrays[ArrayName]),
            Begin = start => start.Source is { } source ? new ConstantSourceIntervention(source) : null,
        };

    /// <summary>Creates the intervention.</summary>
    /// <param name="source">
    /// The constant: <c>[width]</c>, <c>[units, width]</c> or <c>[batch, units, width]</c>.
    /// </param>
    public ConstantSourceIntervention(NumericArray source)
        : base(Kind, default, (ArrayName, source)) { }

    /// <inheritdoc/>
    public override NumericArray? Source(int units, int width) => Parameters[ArrayName];
}

public sealed partial class InterventionType
{
    /// <summary>A constant in place of x, in S.</summary>
    public static InterventionType ConstantSource => ConstantSourceIntervention.Kind;
}
