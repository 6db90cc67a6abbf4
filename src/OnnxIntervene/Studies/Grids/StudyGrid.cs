using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Grids;

/// <summary>One grid of numbers, averaged over prompts.</summary>
/// <param name="Layout">Its rows and columns.</param>
/// <param name="Mean">The mean over prompts.</param>
/// <param name="StandardError">The standard error of the mean, s / √n; NaN with fewer than two prompts.</param>
/// <param name="Count">How many prompts each number is of.</param>
public sealed record StudyGrid(GridLayout Layout, SweepGrid Mean, SweepGrid StandardError, SweepGrid Count)
{
    /// <summary>The same on another scale: the mean less an offset, over a factor.</summary>
    /// <param name="offset">What becomes 0.</param>
    /// <param name="factor">What becomes 1, above the offset.</param>
    public StudyGrid Scaled(double offset, double factor) =>
        this with
        {
            Mean = Mean.Map(value => (float)((value - offset) / factor)),
            StandardError = StandardError.Map(value => (float)(value / Math.Abs(factor))),
        };
}
