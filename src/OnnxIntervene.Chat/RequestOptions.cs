using Microsoft.Extensions.AI;
using OnnxIntervene.Generation;
using OnnxIntervene.IR;

namespace OnnxIntervene.Chat;

/// <summary>The options of a request as a generation takes them; refuses those that would be ignored.</summary>
internal static class RequestOptions
{
    /// <summary>The request's options, over the client's.</summary>
    /// <param name="options">The request's; null for none.</param>
    /// <param name="client">The chat client, which may make <see cref="GenerationOptions"/> itself.</param>
    /// <param name="usual">What holds where the request does not say anything.</param>
    /// <exception cref="InterventionException">The seed is beyond 32 bits.</exception>
    public static GenerationOptions Over(GenerationOptions usual, ChatOptions? options, IChatClient client)
    {
        if (options is null)
            return usual;
        var start = options.RawRepresentationFactory?.Invoke(client) as GenerationOptions ?? usual;
        return start with
        {
            MaximumNewTokens = options.MaxOutputTokens ?? start.MaximumNewTokens,
            Temperature = options.Temperature ?? start.Temperature,
            TopK = options.TopK ?? start.TopK,
            TopP = options.TopP ?? start.TopP,
            Seed = options.Seed is { } seed ? SeedOf(seed) : start.Seed,
            StopTexts = options.StopSequences is { } stops ? [.. start.StopTexts, .. stops] : start.StopTexts,
        };
    }

    /// <summary>Refuses what cannot be done.</summary>
    /// <exception cref="NotSupportedException">The request asks for it.</exception>
    public static void Check(ChatOptions? options, string model)
    {
        if (options is null)
            return;
        Refuse(options.Tools is { Count: > 0 } && options.ToolMode is not NoneChatToolMode, "tools");
        Refuse(options.ToolMode is RequiredChatToolMode, "tools");
        Refuse(options.ResponseFormat is not (null or ChatResponseFormatText), "a response format other than text");
        Refuse(options.ConversationId is not null, "a conversation kept by the client; send all messages");
        Refuse(
            options.FrequencyPenalty is not (null or 0) || options.PresencePenalty is not (null or 0),
            $"frequency and presence penalties; {nameof(SteeredChatOptions)}.{nameof(SteeredChatOptions.Generation)} "
                + "has a repetition penalty"
        );
        Refuse(
            options.Reasoning is not null,
            "reasoning options; a template's own variables are in ChatFormat.Options"
        );
        Refuse(
            options.ModelId is { } asked && asked != model,
            $"the model '{options.ModelId}': this client's is '{model}'"
        );
    }

    private static void Refuse(bool isAsked, string what)
    {
        if (isAsked)
            throw new NotSupportedException($"The chat client of an ONNX model does not take {what}.");
    }

    private static int SeedOf(long seed) =>
        seed is >= int.MinValue and <= int.MaxValue
            ? (int)seed
            : throw new InterventionException($"The seed {seed} is beyond 32 bits.");
}
