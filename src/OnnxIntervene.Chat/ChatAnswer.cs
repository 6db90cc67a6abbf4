using Microsoft.Extensions.AI;
using OnnxIntervene.Generation;

namespace OnnxIntervene.Chat;

/// <summary>One answer, checked when it is made, then generated part by part. For one thread at a time.</summary>
internal sealed class ChatAnswer(TextGeneration generation, TextStream stream, ChatPrompt prompt, CacheSlot slot)
{
    private int _reused;
    private int _tokens;
    private Generation.FinishReason? _finish;

    /// <summary>How many messages the prompt leaves out.</summary>
    public int DroppedCount => prompt.DroppedCount;

    /// <summary>Why the answer ended; null while it goes on.</summary>
    public ChatFinishReason? FinishReason =>
        _finish switch
        {
            null => null,
            Generation.FinishReason.Stop => ChatFinishReason.Stop,
            _ => ChatFinishReason.Length,
        };

    /// <summary>How many tokens were read and generated.</summary>
    public UsageDetails Usage =>
        new()
        {
            InputTokenCount = prompt.Tokens.Length,
            OutputTokenCount = _tokens,
            TotalTokenCount = prompt.Tokens.Length + _tokens,
            CachedInputTokenCount = _reused,
        };

    /// <summary>The answer's text, part by part as it is certain; no part is empty.</summary>
    public IEnumerable<string> Parts(CancellationToken cancellation)
    {
        var given = 0;
        using var turn = slot.Take();
        foreach (var token in generation.TokensAfter(turn.Cache, cancellation))
        {
            _reused = turn.Cache.ReusedCount;
            (_tokens, _finish) = (_tokens + 1, token.Finish);
            // The last token may be one that no text shows.
            var part = token.Finish is null ? stream.Append(token.Token) : generation.Texts()[0].Text![given..];
            given += part.Length;
            if (part.Length > 0)
                yield return part;
        }
    }
}
