using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Formats;

/// <summary>
/// Refuses arrays of a file with NaN or infinity: one such number makes every output of a model one, and comes of a
/// training that failed, or of a file that is broken.
/// </summary>
internal static class FiniteArray
{
    /// <summary>The array, all of whose floats are finite.</summary>
    /// <param name="array">The array.</param>
    /// <param name="place">Where it is, for the message.</param>
    /// <exception cref="ModelFormatException">A float is not finite.</exception>
    public static NumericArray Of(NumericArray array, string place) =>
        array.IsFinite
            ? array
            : throw new ModelFormatException(
                $"{place} holds numbers that are not finite (NaN or infinity). Make the file again, or choose another."
            );
}
