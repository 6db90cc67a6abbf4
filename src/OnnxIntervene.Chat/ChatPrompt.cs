using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Templates;
using OnnxIntervene.Tokenization;

namespace OnnxIntervene.Chat;

/// <summary>A conversation as the tokens that a model goes on with.</summary>
/// <param name="Tokens">The tokens.</param>
/// <param name="DroppedCount">How many messages are left out at the beginning.</param>
internal sealed record ChatPrompt(ImmutableArray<int> Tokens, int DroppedCount)
{
    /// <summary>The whole conversation.</summary>
    public static ChatPrompt Whole(IReadOnlyList<TemplateMessage> messages, ChatFormat format, Tokenizer tokenizer) =>
        From(0, messages, format, tokenizer);

    /// <summary>The conversation without its oldest turns, as few as there can be.</summary>
    /// <param name="messages">What was said.</param>
    /// <param name="format">How it is written.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="limit">How many tokens it may have; the last turn may have more.</param>
    public static ChatPrompt Within(
        int limit,
        IReadOnlyList<TemplateMessage> messages,
        ChatFormat format,
        Tokenizer tokenizer
    )
    {
        var whole = Whole(messages, format, tokenizer);
        var turns = Enumerable.Range(0, messages.Count).Where(index => messages[index].Role == "user").ToList();
        if (whole.Tokens.Length <= limit || turns.Count < 2)
            return whole;
        // The first turn that may be the oldest lies in low..high.
        var (low, high) = (1, turns.Count - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (From(turns[middle], messages, format, tokenizer).Tokens.Length <= limit)
                high = middle;
            else
                low = middle + 1;
        }

        return From(turns[low], messages, format, tokenizer);
    }

    /// <summary>Throws unless the model can read it and answer.</summary>
    /// <exception cref="InterventionException">It is too long.</exception>
    public void Require(int context)
    {
        if (Tokens.Length >= context)
            throw new InterventionException(
                $"The conversation has {Tokens.Length} tokens{(DroppedCount > 0 ? " in its last turn alone" : "")}, "
                    + $"which leaves no room for an answer: the model reads at most {context}. Begin a new "
                    + "conversation, shorten it, or let its oldest turns be left out."
            );
    }

    // System messages at the beginning stay.
    private static ChatPrompt From(
        int start,
        IReadOnlyList<TemplateMessage> messages,
        ChatFormat format,
        Tokenizer tokenizer
    )
    {
        var kept = messages.TakeWhile(message => message.Role == "system").Take(start).ToList();
        var dropped = start - kept.Count;
        var text = format.Template.Render([.. kept, .. messages.Skip(start)], format.Options);
        return new ChatPrompt(tokenizer.Encode(text, format.AddsSpecialTokens).Ids, dropped);
    }
}
