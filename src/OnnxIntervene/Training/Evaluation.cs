namespace OnnxIntervene.Training;

/// <summary>How well interventions do on examples.</summary>
/// <param name="Loss">The mean loss of the examples.</param>
/// <param name="Right">How many examples' most probable class is the label.</param>
/// <param name="Count">How many examples there are.</param>
public sealed record Evaluation(double Loss, int Right, int Count)
{
    /// <summary>Interchange intervention accuracy: the share of right examples, 0 to 1.</summary>
    public double Accuracy => (double)Right / Count;
}
