using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// Low-rank representation finetuning (Wu et al. 2024; pyreft's <c>LoreftIntervention</c>): x + (xVᵀ + b − xR) Rᵀ.
/// </summary>
public sealed record LoReFTIntervention : Intervention
{
    /// <summary>Creates the intervention.</summary>
    /// <param name="rotation">R (<c>rotate_layer.weight</c>), <c>[width, rank]</c> with orthonormal columns.</param>
    /// <param name="weight">V (<c>learned_source.weight</c>), <c>[rank, width]</c>.</param>
    /// <param name="bias">b (<c>learned_source.bias</c>), <c>[rank]</c>.</param>
    /// <exception cref="OnnxIntervene.IR.InterventionException">The shapes do not fit each other.</exception>
    public LoReFTIntervention(NumericArray rotation, NumericArray weight, NumericArray bias)
        : base(
            InterventionType.LoReFT,
            new(SizesOf(rotation, ParameterShapes.Rotation).Rows, rotation.Shape[1]),
            (ParameterShapes.Rotation, rotation),
            ("learned_source.weight", weight),
            ("learned_source.bias", bias)
        ) { }
}
