using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Attribution;

/// <summary>Metrics as losses: numbers that have a gradient.</summary>
internal static class MetricLoss
{
    /// <summary>Throws where a metric has no gradient.</summary>
    /// <exception cref="InterventionException">It has none.</exception>
    public static void Require(Metric metric)
    {
        if (!metric.HasGradient)
            throw new InterventionException(
                $"The metric {metric} has no gradient, which attribution needs. Those that have one: "
                    + $"{string.Join(", ", Metric.All.Where(known => known.HasGradient))}."
            );
    }

    /// <summary>The mean of a metric over rows of one prompt.</summary>
    /// <param name="metric">The metric.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="reference">Its clean run's logits, <c>[vocabulary]</c>.</param>
    /// <param name="rows">How many rows a run has.</param>
    public static Loss Of(Metric metric, StudyPrompt prompt, ReadOnlySpan<float> reference, int rows)
    {
        var positions = prompt.MetricPosition is { } position ? Repeated(position, rows).Reshape(rows, 1) : null;
        if (metric == Metric.LogitDifference)
            return new LogitDifferenceLoss(Repeated(prompt.Answer!.Value, rows), Repeated(prompt.Wrong!.Value, rows))
            {
                Positions = positions,
            };
        if (metric == Metric.Divergence)
            return new DivergenceLoss(Distribution(reference, rows)) { Positions = positions };
        var token = metric == Metric.WrongLogit ? prompt.Wrong!.Value : prompt.Answer!.Value;
        return new TokenLoss(Repeated(token, rows), ScaleOf(metric)) { Positions = positions };
    }

    private static TokenScale ScaleOf(Metric metric) =>
        metric == Metric.Probability ? TokenScale.Probability
        : metric == Metric.LogProbability ? TokenScale.LogProbability
        : TokenScale.Logit;

    private static NumericArray Repeated(long number, int rows)
    {
        var numbers = new long[rows];
        Array.Fill(numbers, number);
        return NumericArray.Of(numbers, rows);
    }

    private static NumericArray Distribution(ReadOnlySpan<float> logits, int rows)
    {
        var probabilities = logits.IsEmpty ? [] : Softmax.Of(logits);
        var all = new float[rows * probabilities.Length];
        for (var row = 0; row < rows; row++)
            probabilities.CopyTo(all, row * probabilities.Length);
        return NumericArray.Of(all, rows, probabilities.Length);
    }
}
