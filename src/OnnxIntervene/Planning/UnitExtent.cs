namespace OnnxIntervene.Planning;

/// <summary>How many units a component has for some inputs.</summary>
/// <param name="First">
/// Entries of the second axis of its tensor: positions, steps, or heads where these come first.
/// </param>
/// <param name="Second">Entries of the third axis, where units count two axes.</param>
internal readonly record struct UnitExtent(int First, int Second = 0);
