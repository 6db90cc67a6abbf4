using System.Numerics.Tensors;

namespace OnnxIntervene.Studies.Attribution;

/// <summary>
/// The points at which integrated gradients are taken: the middles of equal steps of the straight way from what is
/// there to what is put in.
/// </summary>
internal static class IntegrationPath
{
    /// <summary>How far some points have come, one after the other.</summary>
    /// <param name="difference">The whole way.</param>
    /// <param name="first">The number of the first point, from 0.</param>
    /// <param name="count">How many points.</param>
    /// <param name="steps">How many steps the way has.</param>
    public static float[] Points(ReadOnlySpan<float> difference, int first, int count, int steps)
    {
        var points = new float[count * difference.Length];
        for (var point = 0; point < count; point++)
            TensorPrimitives.Multiply(
                difference,
                (first + point + 0.5f) / steps,
                points.AsSpan(point * difference.Length)
            );
        return points;
    }
}
