using OnnxIntervene.Numerics;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>Noise at the units of every example, x + level · noise: pyvene's fixed numbers, or the caller's.</summary>
public sealed record NoiseIntervention : Intervention
{
    /// <summary>pyvene's level: three standard deviations of GPT-2 XL's embeddings (Meng et al. 2022).</summary>
    public const float UsualLevel = 0.13462981581687927f;

    internal const string NumbersName = "noise";

    private const uint Seed = 1;

    /// <summary>Creates the intervention with noise of the caller's.</summary>
    /// <param name="noise"><c>[1, units, width]</c>; units may be 1 for the same noise at each.</param>
    /// <param name="level">What the noise is multiplied with.</param>
    public NoiseIntervention(NumericArray noise, float level = UsualLevel)
        : base(
            InterventionType.Noise,
            default,
            (NumbersName, noise),
            ("noise_level", NumericArray.Of(new[] { level }, 1))
        ) { }

    /// <summary>
    /// Creates the intervention with the numbers that pyvene draws: <c>numpy.random.RandomState(1).randn(1, units,
    /// width)</c>.
    /// </summary>
    /// <param name="level">What the noise is multiplied with.</param>
    public NoiseIntervention(float level = UsualLevel)
        : base(InterventionType.Noise, default, ("noise_level", NumericArray.Of(new[] { level }, 1))) { }

    /// <inheritdoc/>
    public override NumericArray? Source(int units, int width) => Numbers(units, width);

    /// <summary>
    /// The noise at its level, <c>[1, units, width]</c>; in the caller's shape where the numbers are the caller's.
    /// </summary>
    internal NumericArray Numbers(int units, int width)
    {
        var level = Parameters["noise_level"].Floats[0];
        if (!Parameters.TryGetValue(NumbersName, out var noise))
            return NumericArray.Of(
                Array.ConvertAll(
                    new NumpyRandom(Seed).StandardNormal(units * width),
                    number => (float)(level * number)
                ),
                1,
                units,
                width
            );
        var scaled = Array.ConvertAll(noise.Floats.ToArray(), number => number * level);
        return NumericArray.Of(scaled, [.. noise.Shape]);
    }
}
