using OnnxIntervene.Numerics;

namespace OnnxIntervene.Studies.Circuits;

/// <summary>What is left of a metric where all edges outside a circuit carry what they do in the corrupt run.</summary>
/// <param name="Circuit">The circuit.</param>
/// <param name="Metric">The metric, over prompts.</param>
/// <param name="Kept">Its mean in shares of the clean runs' mean.</param>
/// <param name="Faithfulness">
/// (metric − corrupt) / (clean − corrupt), of means over prompts: 0 is the corrupt run, 1 the clean one.
/// </param>
public sealed record CircuitMeasurement(Circuit Circuit, SampleMean Metric, double Kept, double Faithfulness)
{
    /// <summary>
    /// Whether both the metric and its faithfulness are at least some share of the clean runs'; the faithfulness alone
    /// where the clean runs' metric is 0.
    /// </summary>
    public bool Keeps(double least) => Faithfulness >= least && !(Kept < least);
}
