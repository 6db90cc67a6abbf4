using OnnxIntervene.Numerics;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>Noise at the units of every example, x + level · noise: pyvene's fixed numbers, or the caller's.</summary>
public sealed record NoiseIntervention : Intervention
{
    private const string NumbersName = "noise";
    private const string LevelName = "noise_level";

    internal static InterventionType Kind { get; } =
        new("Noise", rows => rows.Choose(rows.Ops.Add(rows.Base, rows.Source!), rows.Base))
        {
            Source = KindSource.Constant,
            Parameters =
            [
                new(NumbersName, Shape: null) { IsOptional = true },
                new(LevelName, Shape: null) { IsOptional = true },
            ],
            Create = Created,
        };

    /// <summary>pyvene's level: three standard deviations of GPT-2 XL's embeddings (Meng et al. 2022).</summary>
    public const float UsualLevel = 0.13462981581687927f;

    private const uint Seed = 1;

    /// <summary>Creates the intervention with noise of the caller's.</summary>
    /// <param name="noise"><c>[1, units, width]</c>; units may be 1 for the same noise at each.</param>
    /// <param name="level">What the noise is multiplied with.</param>
    public NoiseIntervention(NumericArray noise, float level = UsualLevel)
        : base(Kind, default, (NumbersName, noise), (LevelName, NumericArray.Of(new[] { level }, 1))) { }

    /// <summary>
    /// Creates the intervention with the numbers that pyvene draws: <c>numpy.random.RandomState(1).randn(1, units,
    /// width)</c>.
    /// </summary>
    /// <param name="level">What the noise is multiplied with.</param>
    public NoiseIntervention(float level = UsualLevel)
        : base(Kind, default, (LevelName, NumericArray.Of(new[] { level }, 1))) { }

    /// <inheritdoc/>
    internal override bool IsSourceDrawn => !Parameters.ContainsKey(NumbersName);

    /// <summary>pyvene draws its numbers again, and has one level only.</summary>
    internal override bool HasPlaceInPyvenesFiles => IsSourceDrawn && Level == UsualLevel;

    private float Level => Parameters[LevelName].Floats[0];

    /// <summary>
    /// The noise at its level, <c>[1, units, width]</c>; in the caller's shape where the numbers are the caller's.
    /// </summary>
    public override NumericArray? Source(int units, int width)
    {
        var level = Level;
        if (Parameters.TryGetValue(NumbersName, out var noise))
            return NumericArray.Of(
                Array.ConvertAll(noise.Floats.ToArray(), number => number * level),
                [.. noise.Shape]
            );
        var drawn = new NumpyRandom(Seed).StandardNormal(units * width);
        return NumericArray.Of(Array.ConvertAll(drawn, number => (float)(level * number)), 1, units, width);
    }

    private static NoiseIntervention Created(KindArrays arrays)
    {
        var level = arrays.Number(LevelName, UsualLevel);
        return arrays.Find(NumbersName) is { } noise
            ? new NoiseIntervention(noise, level)
            : new NoiseIntervention(level);
    }
}

public sealed partial class InterventionType
{
    /// <summary>x + level · noise, where the noise is a parameter.</summary>
    public static InterventionType Noise => NoiseIntervention.Kind;
}
