namespace OnnxIntervene.Sweeps;

/// <summary>How far a sweep has got.</summary>
/// <param name="Done">Cells that have been run.</param>
/// <param name="Total">Cells in all.</param>
public readonly record struct SweepProgress(int Done, int Total);
