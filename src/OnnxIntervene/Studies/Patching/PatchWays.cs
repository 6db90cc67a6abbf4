namespace OnnxIntervene.Studies.Patching;

/// <summary>Which of a prompt's two runs is changed, and which one values come from; 0 is the clean one.</summary>
internal static class PatchWays
{
    private const int Clean = 0;
    private const int Corrupt = 1;

    /// <summary>The number of the run that is changed, and of the run that values come from.</summary>
    public static (int To, int From) Of(PatchDirection direction) =>
        direction == PatchDirection.Denoising ? (Corrupt, Clean) : (Clean, Corrupt);
}
