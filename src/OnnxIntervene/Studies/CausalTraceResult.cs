using System.Collections.Immutable;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies;

/// <summary>What causal tracing measured: probabilities of the answer at the last position.</summary>
/// <param name="CleanProbability">Without noise.</param>
/// <param name="CorruptedProbabilities">With noise, for each sample.</param>
/// <param name="Restored">With noise and one cell restored, for each target.</param>
public sealed record CausalTraceResult(
    float CleanProbability,
    ImmutableArray<float> CorruptedProbabilities,
    ImmutableArray<TraceHeatmap> Restored
)
{
    /// <summary>The clean run's own answer.</summary>
    public TopAnswer? CleanTop { get; init; }

    /// <summary>The corrupted run's own answer, by the mean over samples.</summary>
    public TopAnswer? CorruptedTop { get; init; }

    /// <summary>What the sweep took; null where it is not known.</summary>
    public SweepPlan? Plan { get; init; }

    /// <summary>The mean over samples of the corrupted probability.</summary>
    public float CorruptedProbability => CorruptedProbabilities.Average();
}

/// <summary>The restored probabilities of one target.</summary>
/// <param name="Target">What was restored.</param>
/// <param name="Probabilities"><c>[layer, position, sample]</c>.</param>
public sealed record TraceHeatmap(TraceTarget Target, NumericArray Probabilities)
{
    /// <summary>The mean over samples for each layer (row) and position (column).</summary>
    public SweepGrid Mean
    {
        get
        {
            var samples = Probabilities.Shape[2];
            var means = new float[Probabilities.Length / samples];
            for (var cell = 0; cell < means.Length; cell++)
                means[cell] =
                    System.Numerics.Tensors.TensorPrimitives.Sum(Probabilities.Floats.Slice(cell * samples, samples))
                    / samples;
            return new SweepGrid(Probabilities.Shape[0], Probabilities.Shape[1], means);
        }
    }
}
