using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// A low-rank adapter beside a module (Hu et al. 2021): what it gives, plus scaling · (i Aᵀ) Bᵀ, where i is what it
/// reads.
/// </summary>
public sealed record LoRAIntervention : Intervention
{
    /// <summary>Creates the intervention.</summary>
    /// <param name="down">A (<c>lora_A.weight</c>), <c>[rank, input width]</c>.</param>
    /// <param name="up">B (<c>lora_B.weight</c>), <c>[width, rank]</c>.</param>
    /// <param name="scaling">What the product is multiplied with: peft's <c>lora_alpha / r</c>.</param>
    /// <exception cref="OnnxIntervene.IR.InterventionException">The shapes do not fit each other.</exception>
    public LoRAIntervention(NumericArray down, NumericArray up, float scaling = 1)
        : base(
            InterventionType.LoRA,
            new(SizesOf(up, "lora_B.weight").Rows, SizesOf(down, "lora_A.weight").Rows, down.Shape[1]),
            ("lora_A.weight", down),
            ("lora_B.weight", up),
            ("scaling", NumericArray.Of(new[] { scaling }, 1))
        ) { }

    /// <summary>
    /// The component that the adapted module reads, where it is not the usual one: <c>attention_value_output</c> for an
    /// output projection.
    /// </summary>
    public string? InputComponent { get; init; }
}
