using OnnxIntervene.Studies.Patching;

namespace OnnxIntervene.Studies.Attribution;

/// <summary>What attribution patching estimates, and how.</summary>
public sealed record AttributionRequest
{
    /// <summary>What would be patched, and what is measured: any metric that has a gradient.</summary>
    public required PatchSweepRequest Patching { get; init; }

    /// <summary>
    /// How many points the gradient is averaged over: integrated gradients, on the straight way of one component at a
    /// time from what it is in the run that is patched to what is put in, at the middle of equal steps. 0 for the
    /// gradient of the run that is patched alone (Nanda 2023).
    /// </summary>
    public int Steps { get; init; }
}
