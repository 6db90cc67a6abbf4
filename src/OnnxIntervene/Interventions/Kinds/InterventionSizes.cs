namespace OnnxIntervene.Interventions.Kinds;

/// <summary>The sizes of an intervention's parameters.</summary>
/// <param name="Width">
/// Elements of a row: a unit's width, times the units that are one row to the kind. 0 where any width fits.
/// </param>
/// <param name="Latents">
/// Dimensions of the space that the kind computes in: rotated dimensions, rank, latents, directions.
/// </param>
/// <param name="InputWidth">Elements of what the module reads; 0 where the kind does not read it.</param>
public readonly record struct InterventionSizes(int Width, int Latents, int InputWidth = 0);
