using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// Distributed interchange with a soft boundary (Boundless DAS, Wu et al. 2023): dimension i of n is mixed by
/// σ(i / T) · σ((β n − i) / T), β kept in 0.001 … 1.
/// </summary>
public sealed record BoundlessRotatedSpaceIntervention : Intervention
{
    /// <summary>pyvene's name for β.</summary>
    internal const string BoundariesName = "intervention_boundaries";
    private const float SmallestBoundary = 1e-3f;
    private const float FirstBoundary = 0.5f;
    private const float FirstTemperature = 50;

    internal static InterventionType Kind { get; } =
        new("BoundlessRotatedSpace", Bounded)
        {
            FoldsUnits = true,
            TakesSubspaces = false,
            Parameters =
            [
                RotationParameter.Description,
                new(BoundariesName, _ => [1], ParameterTraining.Plain) { IsBoundary = true },
                SoftMask.Temperature,
            ],
            Create = arrays => new BoundlessRotatedSpaceIntervention(
                arrays[RotationParameter.Name],
                arrays[BoundariesName],
                arrays[SoftMask.TemperatureName]
            ),
            Begin = start => new BoundlessRotatedSpaceIntervention(
                start.Rotation(start.Width),
                KindStart.Filled(1, FirstBoundary),
                KindStart.Filled(1, FirstTemperature)
            ),
            Buffers = sizes => [("intervention_population", Population(sizes.Latents))],
        };

    /// <summary>Creates the intervention.</summary>
    /// <param name="weight">W, <c>[width, width]</c> with orthonormal columns.</param>
    /// <param name="boundaries">β, <c>[1]</c>.</param>
    /// <param name="temperature">T, <c>[1]</c>.</param>
    /// <exception cref="InterventionException">The shapes do not fit each other.</exception>
    public BoundlessRotatedSpaceIntervention(NumericArray weight, NumericArray boundaries, NumericArray temperature)
        : base(
            Kind,
            new(SizesOf(weight, RotationParameter.Name).Rows, weight.Shape[0]),
            (RotationParameter.Name, weight),
            (BoundariesName, Single(boundaries)),
            (SoftMask.TemperatureName, Single(temperature))
        ) { }

    // Dimension i is mixed by σ(i / T) · σ((β n − i) / T), as in the released 0.1.8 of pyvene.
    private static Value Bounded(KindRows rows)
    {
        var ops = rows.Ops;
        var temperature = rows.Parameter(SoftMask.TemperatureName);
        var boundary = Clipped(rows, rows.Parameter(BoundariesName));
        var dimensions = Dimensions(rows);
        var end = ops.Sub(ops.Mul(boundary, rows.Number(rows.Sizes.Latents)), dimensions);
        return RotationParameter.Mixed(
            rows,
            ops.Mul(rows.Sigmoid(rows.Div(dimensions, temperature)), rows.Sigmoid(rows.Div(end, temperature)))
        );
    }

    // Min and Max broadcast their inputs from operator set 8 on.
    private static Value Clipped(KindRows rows, Value boundary) =>
        rows.Ops.OperatorSetVersion < 8
            ? rows.Ops.Emit(
                "Clip",
                [boundary],
                [NodeAttribute.Of("min", SmallestBoundary), NodeAttribute.Of("max", 1f)]
            )
            : rows.Ops.Emit("Min", [rows.Ops.Emit("Max", [boundary, rows.Number(SmallestBoundary)]), rows.Number(1)]);

    private static Value Dimensions(KindRows rows)
    {
        var numbers = Enumerable.Range(0, rows.Sizes.Latents).Select(index => (float)index).ToArray();
        return rows.Ops.Graph.AddInitializer(
            rows.Ops.Names.Unique($"{NameScope.Prefix}dimensions"),
            TensorData.FromFloats([numbers.Length], numbers)
        );
    }

    private static NumericArray Population(int count) =>
        NumericArray.Of(Enumerable.Range(0, count).Select(number => (long)number).ToArray(), count);
}

public sealed partial class InterventionType
{
    /// <summary>DAS with a trained, soft boundary of the subspace.</summary>
    public static InterventionType BoundlessRotatedSpace => BoundlessRotatedSpaceIntervention.Kind;
}
