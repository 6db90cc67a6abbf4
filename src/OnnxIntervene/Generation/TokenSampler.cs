using System.Numerics.Tensors;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Generation;

/// <summary>
/// Chooses tokens from logits, in the order of transformers' logits processors: repetition penalty, temperature, top-k,
/// top-p, min-p. Has random numbers of its own; not safe for concurrent use.
/// </summary>
internal sealed class TokenSampler(GenerationOptions options, int seed)
{
    // The same numbers on every machine and in every version.
    private readonly Random _random = new(seed);
    private readonly HashSet<int> _seen = [];

    /// <summary>Remembers a token of the text, which the repetition penalty counts.</summary>
    public void See(int token) => _seen.Add(token);

    /// <summary>The next token.</summary>
    /// <param name="logits"><c>[vocabulary]</c>.</param>
    /// <exception cref="ExecutionException">A logit is not a number.</exception>
    public int Next(ReadOnlySpan<float> logits)
    {
        var scores = options.RepetitionPenalty == 1 ? logits : Penalised(logits);
        var best = TensorPrimitives.IndexOfMax(scores);
        if (best < 0 || float.IsNaN(scores[best]))
            throw new ExecutionException(
                "The model's logits are not numbers (NaN). An intervention may be too strong; lower its coefficient."
            );
        return options.Temperature == 0 ? best : Drawn(scores, best);
    }

    private float[] Penalised(ReadOnlySpan<float> logits)
    {
        var scores = logits.ToArray();
        var penalty = (float)options.RepetitionPenalty;
        foreach (var token in _seen.Where(token => token < scores.Length))
            scores[token] = scores[token] < 0 ? scores[token] * penalty : scores[token] / penalty;
        return scores;
    }

    private int Drawn(ReadOnlySpan<float> scores, int best)
    {
        var ordered = Candidates(scores, best);
        var total = ordered.Sum(candidate => candidate.Weight);
        var drawn = _random.NextDouble() * total;
        foreach (var (token, weight) in ordered)
        {
            drawn -= weight;
            if (drawn < 0)
                return token;
        }

        return ordered[^1].Token;
    }

    // The most probable first; weights are probabilities before they are normalised.
    private List<(int Token, double Weight)> Candidates(ReadOnlySpan<float> scores, int best)
    {
        var all = new List<(int Token, double Weight)>(scores.Length);
        for (var token = 0; token < scores.Length; token++)
            all.Add((token, Math.Exp((scores[token] - scores[best]) / options.Temperature)));
        if (options.TopK == 0 && options.TopP == 1 && options.MinP == 0)
            return all;
        var ordered = all.OrderByDescending(candidate => candidate.Weight)
            .ThenBy(candidate => candidate.Token)
            .ToList();
        if (options.TopK > 0 && options.TopK < ordered.Count)
            ordered.RemoveRange(options.TopK, ordered.Count - options.TopK);
        Nucleus(ordered);
        ordered.RemoveAll(candidate => candidate.Weight < options.MinP * ordered[0].Weight);
        return ordered;
    }

    // The fewest tokens whose probability reaches the share; the one that reaches it stays.
    private void Nucleus(List<(int Token, double Weight)> ordered)
    {
        if (options.TopP >= 1)
            return;
        var wanted = options.TopP * ordered.Sum(candidate => candidate.Weight);
        var sum = 0.0;
        var kept = 0;
        while (kept < ordered.Count && (kept == 0 || sum < wanted))
            sum += ordered[kept++].Weight;
        ordered.RemoveRange(kept, ordered.Count - kept);
    }
}
