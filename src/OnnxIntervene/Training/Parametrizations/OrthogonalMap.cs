namespace OnnxIntervene.Training.Parametrizations;

/// <summary>How a square rotation is kept orthogonal while it is trained.</summary>
public enum OrthogonalMap
{
    /// <summary>
    /// exp(A) of a skew-symmetric A, as torch's <c>parametrizations.orthogonal</c> does by default for square matrices.
    /// </summary>
    MatrixExponential,

    /// <summary>
    /// (1 − A/2)⁻¹ (1 + A/2), torch's <c>cayley</c>: about half the arithmetic, and another path through the rotations.
    /// </summary>
    Cayley,
}
