namespace OnnxIntervene.Sweeps;

/// <summary>Tells how far a whole has come by one of its parts.</summary>
/// <param name="whole">Told of the whole; null for nobody.</param>
/// <param name="before">How much was done before the part.</param>
/// <param name="total">How much there is in all.</param>
internal sealed class PartProgress(IProgress<SweepProgress>? whole, int before, int total) : IProgress<SweepProgress>
{
    /// <inheritdoc/>
    public void Report(SweepProgress value) => whole?.Report(new SweepProgress(before + value.Done, total));
}
