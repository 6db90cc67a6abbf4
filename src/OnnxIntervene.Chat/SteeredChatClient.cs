using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Extensions.AI;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;

namespace OnnxIntervene.Chat;

/// <summary>
/// A model under interventions as a chat client of Microsoft.Extensions.AI: it writes the conversation by the model's
/// chat template and generates the answer. Answers are greedy unless a temperature is given, and the same for the same
/// seed. Safe for concurrent use.
/// </summary>
/// <remarks>
/// Every request brings the whole conversation. Tools, images, JSON schemas and whatever else would be ignored are
/// refused with <see cref="NotSupportedException"/>; what does not fit the model with
/// <see cref="InterventionException"/>, before anything runs.
/// </remarks>
public sealed class SteeredChatClient : IChatClient
{
    /// <summary>
    /// The name in a response's additional properties: how many of the oldest messages were left out.
    /// </summary>
    public const string DroppedMessages = "dropped_messages";

    private readonly LoadedModel _model;
    private readonly SteeredChatOptions _options;
    private readonly ChatFormat _format;
    private readonly SteeringChoice _steering;
    private readonly CacheSlot _cache = new();
    private readonly ChatClientMetadata _metadata;

    /// <summary>Makes a client.</summary>
    /// <param name="model">The model, which its owner disposes after the client.</param>
    /// <param name="options">Vectors, a template of one's own and how tokens are chosen.</param>
    /// <exception cref="ModelFormatException">
    /// The model has no tokenizer, or no chat template and no format is given.
    /// </exception>
    /// <exception cref="InterventionException">Steering does not fit the model.</exception>
    public SteeredChatClient(LoadedModel model, SteeredChatOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        (_model, _options) = (model, options ?? new SteeredChatOptions());
        var tokenizer = model.Tokenizer;
        var format = _options.Format ?? ChatFormat.Of(model);
        _format = format with
        {
            StopTexts =
            [
                .. format.StopTexts.Where(stop =>
                    tokenizer
                        .Decode(tokenizer.Encode(stop, addSpecialTokens: false).Ids)
                        .Contains(stop, StringComparison.Ordinal)
                ),
            ],
        };
        _steering = new SteeringChoice(model, _options);
        // What does not depend on a prompt is refused now.
        model
            .With(IntervenableConfig.Empty)
            .PlanGeneration(
                [
                    [0],
                ],
                _options.Generation with
                {
                    Schedules = [],
                }
            );
        _metadata = new ChatClientMetadata("onnx-intervene", null, Path.GetFileName(model.File.Folder));
    }

    /// <summary>Answers a conversation.</summary>
    /// <param name="messages">The conversation; its last message is answered.</param>
    /// <param name="options">How; <see cref="ChatOptionsSteering"/> adds steering to it.</param>
    /// <param name="cancellationToken">Ends the answer early.</param>
    /// <exception cref="NotSupportedException">The request asks for what a client cannot do.</exception>
    /// <exception cref="InterventionException">The request does not fit the model.</exception>
    /// <exception cref="Runtime.ExecutionException">ONNX Runtime stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The answer was cancelled.</exception>
    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(messages);
        return Task.Run(
            () =>
            {
                var answer = Plan(messages, options);
                var text = new StringBuilder();
                foreach (var part in answer.Parts(cancellationToken))
                    text.Append(part);
                return ResponseOf(answer, text.ToString());
            },
            cancellationToken
        );
    }

    /// <summary>
    /// Answers a conversation; the text comes as it is generated, finish reason and usage at the end.
    /// </summary>
    /// <inheritdoc cref="GetResponseAsync"/>
    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(messages);
        return Stream(messages, options, cancellationToken);
    }

    /// <summary>The client itself, its metadata, or the <see cref="LoadedModel"/>; null for other types.</summary>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType.IsInstanceOfType(this) ? this
            : serviceType.IsInstanceOfType(_metadata) ? _metadata
            : serviceType.IsInstanceOfType(_model) ? _model
            : null;
    }

    /// <summary>Forgets what was kept of the last conversation. Does not dispose the model.</summary>
    public void Dispose() => _cache.Dispose();

    // Each part on a thread of the pool: the caller's thread is free meanwhile.
    private async IAsyncEnumerable<ChatResponseUpdate> Stream(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        var answer = await Task.Run(() => Plan(messages, options), cancellation).ConfigureAwait(false);
        var response = ResponseOf(answer, "");
        using var parts = answer.Parts(cancellation).GetEnumerator();
        while (await Task.Run(parts.MoveNext, cancellation).ConfigureAwait(false))
            yield return UpdateOf(response, new TextContent(parts.Current));
        var last = UpdateOf(response, new UsageContent(answer.Usage));
        last.FinishReason = answer.FinishReason;
        last.AdditionalProperties = response.AdditionalProperties;
        yield return last;
    }

    /// <summary>A request as a generation, checked; nothing has run.</summary>
    private ChatAnswer Plan(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        RequestOptions.Check(options, _metadata.DefaultModelId!);
        var generation = RequestOptions.Over(_options.Generation, options, this);
        var steering = _steering.Of(options);
        generation = generation with
        {
            StopTexts = [.. generation.StopTexts, .. _format.StopTexts],
            Schedules = steering.Schedules.IsEmpty ? generation.Schedules : steering.Schedules,
        };
        var conversation = ConversationText.Of(messages, options?.Instructions);
        var prompt = PromptOf(conversation, generation.MaximumNewTokens);
        return new ChatAnswer(
            steering.Model.PlanGeneration(
                [prompt.Tokens],
                generation,
                steering.Sources,
                steering.UnitLocations,
                steering.Settings
            ),
            new TextStream(_model.Tokenizer, generation.StopTexts),
            prompt,
            _cache
        );
    }

    // An answer of the wanted length must fit, or one of half the context.
    private ChatPrompt PromptOf(List<Templates.TemplateMessage> conversation, int wanted)
    {
        var context = (int?)_model.Components.Limits.Context ?? int.MaxValue;
        var prompt = _options.DropsOldestTurns
            ? ChatPrompt.Within(context - Math.Min(wanted, context / 2), conversation, _format, _model.Tokenizer)
            : ChatPrompt.Whole(conversation, _format, _model.Tokenizer);
        prompt.Require(context);
        return prompt;
    }

    private ChatResponse ResponseOf(ChatAnswer answer, string text)
    {
        var id = Guid.NewGuid().ToString("N");
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, text) { MessageId = id })
        {
            ResponseId = id,
            ModelId = _metadata.DefaultModelId,
            CreatedAt = DateTimeOffset.UtcNow,
            FinishReason = answer.FinishReason,
            Usage = answer.Usage,
            AdditionalProperties = answer.DroppedCount > 0 ? new() { [DroppedMessages] = answer.DroppedCount } : null,
        };
    }

    private static ChatResponseUpdate UpdateOf(ChatResponse response, AIContent content) =>
        new(ChatRole.Assistant, [content])
        {
            ResponseId = response.ResponseId,
            MessageId = response.ResponseId,
            ModelId = response.ModelId,
            CreatedAt = response.CreatedAt,
        };
}
