using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// A low-rank adapter of a module (Hu et al. 2021): the module's output plus scaling · (i Aᵀ) Bᵀ, where i is what it
/// reads.
/// </summary>
public sealed record LoRAIntervention : Intervention
{
    private const string DownName = "lora_A.weight";
    private const string UpName = "lora_B.weight";
    private const string ScalingName = "scaling";

    internal static InterventionType Kind { get; } =
        new("LoRA", Adapted)
        {
            Source = KindSource.None,
            TakesSubspaces = false,
            IsPyvenes = false,
            ComputesWithModuleInput = true,
            Parameters =
            [
                new(DownName, sizes => [sizes.Latents, sizes.InputWidth], ParameterTraining.Plain),
                new(UpName, sizes => [sizes.Width, sizes.Latents], ParameterTraining.Plain),
                new(ScalingName, _ => [1]) { IsOptional = true },
            ],
            Create = arrays => new LoRAIntervention(arrays[DownName], arrays[UpName], arrays.Number(ScalingName, 1)),
        };

    /// <summary>Creates the intervention.</summary>
    /// <param name="down">A (<c>lora_A.weight</c>), <c>[rank, input width]</c>.</param>
    /// <param name="up">B (<c>lora_B.weight</c>), <c>[width, rank]</c>.</param>
    /// <param name="scaling">What the product is multiplied with: peft's <c>lora_alpha / r</c>.</param>
    /// <exception cref="InterventionException">The shapes do not fit each other.</exception>
    public LoRAIntervention(NumericArray down, NumericArray up, float scaling = 1)
        : base(
            Kind,
            new(SizesOf(up, UpName).Rows, SizesOf(down, DownName).Rows, down.Shape[1]),
            (DownName, down),
            (UpName, up),
            (ScalingName, NumericArray.Of(new[] { scaling }, 1))
        ) { }

    /// <summary>
    /// The component that the adapted module reads, where it is not the usual one: <c>attention_value_output</c> for an
    /// output projection.
    /// </summary>
    public string? InputComponent { get; init; }

    /// <inheritdoc/>
    internal override string? NamedModuleInput => InputComponent;

    /// <inheritdoc/>
    internal override ModuleUpdate Update =>
        new(Parameters[DownName], Parameters[UpName], Parameters[ScalingName].Floats[0]);

    private static Value Adapted(KindRows rows)
    {
        var inner = rows.MatMulTransposed(rows.ModuleInput!, rows.Parameter(DownName));
        var outer = rows.MatMulTransposed(inner, rows.Parameter(UpName));
        return rows.Ops.Add(rows.Base, rows.Ops.Mul(outer, rows.Parameter(ScalingName)));
    }
}

public sealed partial class InterventionType
{
    /// <summary>x + scaling · (i Aᵀ) Bᵀ, where i is what the module reads.</summary>
    public static InterventionType LoRA => LoRAIntervention.Kind;
}
