using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions;

/// <summary>
/// Interventions as pyvene begins with them: random rotations, half a boundary, open masks (models/interventions.py).
/// </summary>
public static class FreshIntervention
{
    private const float Temperature = 50;
    private const float MaskTemperature = 0.01f;
    private const float OpenMask = 100;
    private const uint Seed = 0;

    /// <summary>A fresh intervention of a representation's kind. Rotations are drawn from a fixed seed.</summary>
    /// <param name="representation">The kind, and how many units are turned together.</param>
    /// <param name="width">Elements of a unit.</param>
    /// <exception cref="InterventionException">The kind has parameters that cannot be guessed.</exception>
    public static Intervention Of(RepresentationConfig representation, int width)
    {
        ArgumentNullException.ThrowIfNull(representation);
        var type = representation.InterventionType;
        var folded = type.FoldsUnits() ? width * Math.Max(1, representation.MaxNumberOfUnits) : width;
        if (type.HasParameters() && folded == 0)
            throw new InterventionException(
                $"{representation}: the width of '{representation.Component}' is not known; give the intervention "
                    + $"with its parameters."
            );
        return type switch
        {
            InterventionType.Vanilla => new VanillaIntervention(),
            InterventionType.Addition => new AdditionIntervention(),
            InterventionType.Subtraction => new SubtractionIntervention(),
            InterventionType.Zero => new ZeroIntervention(),
            InterventionType.Collect => new CollectIntervention(),
            InterventionType.Skip => new SkipIntervention(),
            InterventionType.Noise => new NoiseIntervention(),
            InterventionType.RotatedSpace => new RotatedSpaceIntervention(Rotation(folded, folded)),
            InterventionType.LowRankRotatedSpace => new LowRankRotatedSpaceIntervention(
                Rotation(folded, Rank(representation, folded))
            ),
            InterventionType.BoundlessRotatedSpace => new BoundlessRotatedSpaceIntervention(
                Rotation(folded, folded),
                Filled(1, 0.5f),
                Filled(1, Temperature)
            ),
            InterventionType.SigmoidMask => new SigmoidMaskIntervention(Filled(folded, 0), Filled(1, MaskTemperature)),
            InterventionType.SigmoidMaskRotatedSpace => new SigmoidMaskRotatedSpaceIntervention(
                Rotation(folded, folded),
                Filled(folded, OpenMask),
                Filled(1, Temperature)
            ),
            _ => throw new InterventionException(
                $"{representation} needs parameters: give the intervention, or load it from a folder."
            ),
        };
    }

    private static int Rank(RepresentationConfig representation, int width) =>
        representation.LowRankDimension is { } rank && rank > 0 && rank <= width
            ? rank
            : throw new InterventionException($"{representation} needs a low_rank_dimension from 1 to {width}.");

    private static NumericArray Filled(int length, float content)
    {
        var numbers = new float[length];
        Array.Fill(numbers, content);
        return NumericArray.Of(numbers, length);
    }

    private static NumericArray Rotation(int rows, int columns)
    {
        var drawn = new NumpyRandom(Seed).StandardNormal(rows * columns);
        return Orthonormalization.Columns(
            NumericArray.Of(Array.ConvertAll(drawn, number => (float)number), rows, columns)
        );
    }
}
