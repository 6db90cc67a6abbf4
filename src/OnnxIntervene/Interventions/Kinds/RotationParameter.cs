using OnnxIntervene.IR;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>The rotation W that several kinds share, <c>[width, latents]</c> with orthonormal columns.</summary>
internal static class RotationParameter
{
    /// <summary>pyvene's name for it.</summary>
    public const string Name = "rotate_layer.weight";

    /// <summary>The parameter.</summary>
    public static KindParameter Description { get; } =
        new(Name, sizes => [sizes.Width, sizes.Latents], ParameterTraining.Orthogonal);

    /// <summary>Rotates x and s, mixes them by each dimension's share of s, and rotates back.</summary>
    public static Value Mixed(KindRows rows, Value share)
    {
        var rotation = rows.Parameter(Name);
        return rows.MatMulTransposed(
            SoftMask.Mix(rows, share, rows.MatMul(rows.Base, rotation), rows.MatMul(rows.Source!, rotation)),
            rotation
        );
    }
}
