using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;

namespace OnnxIntervene.Studies.Metrics;

/// <summary>A number that is read off a run's logits. Immutable.</summary>
public sealed class Metric
{
    // Odds that change by a tenth.
    private const double SmallestLogits = 0.1;

    private readonly MetricFunction _function;

    private Metric(string name, string title, MetricFunction function)
    {
        (Name, Title, _function) = (name, title, function);
    }

    /// <summary>The right answer's logit minus the wrong one's.</summary>
    public static Metric LogitDifference { get; } =
        new("logit-difference", "logit difference", reading => reading.AnswerLogit - reading.WrongLogit)
        {
            NeedsAnswer = true,
            NeedsWrong = true,
            RisesWithAnswer = true,
            ReadsAnswersAlone = true,
            SmallestDifference = SmallestLogits,
        };

    /// <summary>The right answer's logit.</summary>
    public static Metric Logit { get; } =
        new("logit", "logit of the answer", reading => reading.AnswerLogit)
        {
            NeedsAnswer = true,
            RisesWithAnswer = true,
            ReadsAnswersAlone = true,
            SmallestDifference = SmallestLogits,
        };

    /// <summary>The wrong answer's logit.</summary>
    public static Metric WrongLogit { get; } =
        new("wrong-logit", "logit of the wrong answer", reading => reading.WrongLogit)
        {
            NeedsWrong = true,
            ReadsAnswersAlone = true,
        };

    /// <summary>The right answer's probability, from 0 to 1.</summary>
    public static Metric Probability { get; } =
        new(
            "probability",
            "probability of the answer",
            reading => Softmax.Of(reading.Logits)[reading.Prompt.Answer!.Value]
        )
        {
            NeedsAnswer = true,
            RisesWithAnswer = true,
            SmallestDifference = 0.01,
        };

    /// <summary>The natural logarithm of the right answer's probability.</summary>
    public static Metric LogProbability { get; } =
        new(
            "log-probability",
            "log probability of the answer",
            reading => (float)LogSoftmax.At(reading.Logits, reading.Prompt.Answer!.Value)
        )
        {
            NeedsAnswer = true,
            RisesWithAnswer = true,
            SmallestDifference = SmallestLogits,
        };

    /// <summary>How many tokens have a larger logit than the right answer: 0 where it is the model's own.</summary>
    public static Metric Rank { get; } =
        new("rank", "rank of the answer", reading => RankOf(reading)) { NeedsAnswer = true };

    /// <summary>
    /// Kullback-Leibler divergence of the run's distribution from the clean run's, Σ p_clean (log p_clean − log p), in
    /// nats.
    /// </summary>
    public static Metric Divergence { get; } =
        new(
            "kl",
            "KL divergence from the clean run",
            reading => (float)LogSoftmax.Divergence(reading.Reference, reading.Logits)
        );

    /// <summary>Every metric that has a name on the command line.</summary>
    public static ImmutableArray<Metric> All { get; } =
    [LogitDifference, Probability, LogProbability, Logit, WrongLogit, Rank, Divergence];

    /// <summary>What it is called on the command line and in files.</summary>
    public string Name { get; }

    /// <summary>What it is called on axes and in titles.</summary>
    public string Title { get; }

    /// <summary>Whether a prompt needs a right answer.</summary>
    public bool NeedsAnswer { get; private init; }

    /// <summary>Whether a prompt needs a wrong answer.</summary>
    public bool NeedsWrong { get; private init; }

    /// <summary>Whether it can be differentiated by what a model computes.</summary>
    public bool HasGradient => All.Contains(this) && this != Rank;

    /// <summary>Whether nothing is read but the logits of the prompt's right and wrong answers.</summary>
    internal bool ReadsAnswersAlone { get; private init; }

    /// <summary>Whether a larger number means that the right answer is likelier.</summary>
    internal bool RisesWithAnswer { get; private init; }

    /// <summary>
    /// Below such a difference of two runs, what lies between them is noise; 0 where nothing is known.
    /// </summary>
    internal double SmallestDifference { get; private init; }

    /// <summary>A metric of one's own.</summary>
    /// <param name="name">What it is called in files and titles.</param>
    /// <param name="function">Reads it off a run's logits.</param>
    public static Metric Of(string name, MetricFunction function)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(function);
        return new Metric(name, name, function);
    }

    /// <summary>The metric of a name.</summary>
    /// <exception cref="InterventionException">There is none; the message lists those there are.</exception>
    public static Metric Parse(string name) =>
        All.FirstOrDefault(metric => metric.Name == name)
        ?? throw new InterventionException(
            $"There is no metric '{name}'. The metrics are {string.Join(", ", All.Select(metric => metric.Name))}."
        );

    /// <summary>The number of one run.</summary>
    public float Of(MetricReading reading) => _function(reading);

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static float RankOf(MetricReading reading)
    {
        var answer = reading.AnswerLogit;
        var rank = 0;
        foreach (var logit in reading.Logits)
            rank += logit > answer ? 1 : 0;
        return rank;
    }
}

/// <summary>Reads a number off a run's logits.</summary>
public delegate float MetricFunction(MetricReading reading);
