using System.Collections.Immutable;

namespace OnnxIntervene.Generation;

/// <summary>One text of a generation as it grows. A text that has ended goes on as padding.</summary>
internal sealed class GenerationRow
{
    private readonly List<int> _text;
    private readonly TokenSampler _sampler;
    private readonly bool _keepsScores;

    public GenerationRow(ImmutableArray<int> prompt, GenerationOptions options, int stream)
    {
        Prompt = prompt;
        _text = [.. prompt];
        _sampler = new TokenSampler(options, unchecked(options.Seed + stream));
        _keepsScores = options.OutputScores;
        foreach (var token in prompt)
            _sampler.See(token);
    }

    /// <summary>The prompt's tokens.</summary>
    public ImmutableArray<int> Prompt { get; }

    /// <summary>The prompt and what was read or generated after it, padding included.</summary>
    public IReadOnlyList<int> Text => _text;

    /// <summary>The new tokens, without padding.</summary>
    public List<int> Generated { get; } = [];

    /// <summary>The logits of the new tokens, where they are kept.</summary>
    public List<float[]> Scores { get; } = [];

    /// <summary>Why the text ended; null while it goes on.</summary>
    public FinishReason? Finish { get; private set; }

    /// <summary>Chooses the next token.</summary>
    /// <param name="logits"><c>[vocabulary]</c>.</param>
    /// <param name="finish">Why the text ends with its last token; null where it goes on.</param>
    public void Add(ReadOnlySpan<float> logits, Func<GenerationRow, FinishReason?> finish)
    {
        if (Finish is not null)
        {
            _text.Add(_text[^1]);
            return;
        }

        var token = _sampler.Next(logits);
        _sampler.See(token);
        _text.Add(token);
        Generated.Add(token);
        if (_keepsScores)
            Scores.Add(logits.ToArray());
        Finish = finish(this);
    }
}
