using System.Diagnostics;
using OnnxIntervene.IR;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>Which arithmetic each kind of intervention is.</summary>
internal static class KindArithmetic
{
    /// <summary>The new values, <c>[rows, width]</c>.</summary>
    public static Value Apply(InterventionType type, KindRows rows) =>
        type switch
        {
            InterventionType.Vanilla
            or InterventionType.Skip
            or InterventionType.Mean
            or InterventionType.ConstantSource
            or InterventionType.Lambda => rows.Choose(rows.Source!, rows.Base),
            InterventionType.Zero => rows.Choose(Zeros(rows), rows.Base),
            InterventionType.Addition => rows.Choose(rows.Ops.Add(rows.Base, Scaled(rows)), rows.Base),
            InterventionType.Subtraction => rows.Choose(rows.Ops.Sub(rows.Base, Scaled(rows)), rows.Base),
            InterventionType.Noise => rows.Choose(rows.Ops.Add(rows.Base, rows.Source!), rows.Base),
            InterventionType.RotatedSpace => RotationArithmetic.Rotated(rows),
            InterventionType.LowRankRotatedSpace => RotationArithmetic.LowRank(rows),
            InterventionType.BoundlessRotatedSpace => RotationArithmetic.Boundless(rows),
            InterventionType.SigmoidMaskRotatedSpace => RotationArithmetic.SoftlyMasked(rows),
            InterventionType.PCARotatedSpace => RotationArithmetic.PrincipalComponents(rows),
            InterventionType.SigmoidMask => MaskArithmetic.SoftlyMasked(rows),
            InterventionType.Autoencoder => AutoencoderArithmetic.Dense(rows),
            InterventionType.JumpReLUAutoencoder => AutoencoderArithmetic.JumpReLU(rows),
            InterventionType.LoRA => AdapterArithmetic.LoRA(rows),
            InterventionType.LoReFT => AdapterArithmetic.LoReFT(rows),
            InterventionType.ProjectOut => AdapterArithmetic.ProjectOut(rows),
            InterventionType.Custom => Custom(rows),
            _ => throw new UnreachableException(type.ToString()),
        };

    private static Value Scaled(KindRows rows) => rows.Ops.Mul(rows.Source!, rows.Coefficient!);

    private static Value Zeros(KindRows rows) =>
        rows.Ops.ConstantOfShape(rows.Ops.ShapeOf(rows.Base), TensorData.FromFloats([1], [0f]));

    private static Value Custom(KindRows rows) =>
        rows.Choose(rows.Custom!.Build(new CustomRows(rows.Ops, rows.Base, rows.Source, rows.Parameters)), rows.Base);
}
