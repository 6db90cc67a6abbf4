using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// Low-rank representation finetuning (Wu et al. 2024; pyreft's <c>LoreftIntervention</c>): x + (xVᵀ + b − xR) Rᵀ.
/// </summary>
public sealed record LoReFTIntervention : Intervention
{
    private const string WeightName = "learned_source.weight";
    private const string BiasName = "learned_source.bias";

    internal static InterventionType Kind { get; } =
        new("LoReFT", Adapted)
        {
            Source = KindSource.None,
            Affine = Folded,
            IsPyvenes = false,
            Parameters =
            [
                RotationParameter.Description,
                new(WeightName, sizes => [sizes.Latents, sizes.Width], ParameterTraining.Plain),
                new(BiasName, sizes => [sizes.Latents], ParameterTraining.Plain),
            ],
            Create = arrays => new LoReFTIntervention(
                arrays[RotationParameter.Name],
                arrays[WeightName],
                arrays[BiasName]
            ),
        };

    /// <summary>Creates the intervention.</summary>
    /// <param name="rotation">R (<c>rotate_layer.weight</c>), <c>[width, rank]</c> with orthonormal columns.</param>
    /// <param name="weight">V (<c>learned_source.weight</c>), <c>[rank, width]</c>.</param>
    /// <param name="bias">b (<c>learned_source.bias</c>), <c>[rank]</c>.</param>
    /// <exception cref="InterventionException">The shapes do not fit each other.</exception>
    public LoReFTIntervention(NumericArray rotation, NumericArray weight, NumericArray bias)
        : base(
            Kind,
            new(SizesOf(rotation, RotationParameter.Name).Rows, rotation.Shape[1]),
            (RotationParameter.Name, rotation),
            (WeightName, weight),
            (BiasName, bias)
        ) { }

    // Along the chosen columns of R.
    private static Value Adapted(KindRows rows)
    {
        var rotation = rows.Parameter(RotationParameter.Name);
        var wanted = rows.Ops.Add(
            rows.MatMulTransposed(rows.Base, rows.Parameter(WeightName)),
            rows.Parameter(BiasName)
        );
        var change = rows.Ops.Sub(wanted, rows.MatMul(rows.Base, rotation));
        return rows.Ops.Add(rows.Base, rows.MatMulTransposed(rows.Chosen(change), rotation));
    }

    // D = Wᵀ − R, U = Rᵀ, shift = b Rᵀ, along the chosen columns of R.
    private static AffineForm Folded(AffineInputs inputs)
    {
        var rotation = inputs.Parameters[RotationParameter.Name];
        var (weight, bias) = (inputs.Parameters[WeightName], inputs.Parameters[BiasName]);
        var (width, rank) = (rotation.Shape[0], rotation.Shape[1]);
        var (down, up, shift) = (new double[width, rank], new double[rank, width], new double[width]);
        foreach (var column in Enumerable.Range(0, rank).Where(inputs.IsChosen))
        {
            for (var index = 0; index < width; index++)
            {
                up[column, index] = rotation.Floats[(index * rank) + column];
                down[index, column] = weight.Floats[(column * width) + index] - up[column, index];
                shift[index] += bias.Floats[column] * up[column, index];
            }
        }

        return new AffineForm([.. Enumerable.Repeat(1f, width)], Array.ConvertAll(shift, number => (float)number))
        {
            Down = down,
            Up = up,
        };
    }
}

public sealed partial class InterventionType
{
    /// <summary>x + (V xᵀ + b − xR) Rᵀ.</summary>
    public static InterventionType LoReFT => LoReFTIntervention.Kind;
}
