using System.Text;
using Microsoft.Extensions.AI;
using OnnxIntervene.IR;
using OnnxIntervene.Templates;

namespace OnnxIntervene.Chat;

/// <summary>Messages of Microsoft.Extensions.AI as those of templates.</summary>
internal static class ConversationText
{
    private const string System = "system";

    /// <summary>The messages, with the request's instructions before them.</summary>
    /// <exception cref="InterventionException">There is none.</exception>
    /// <exception cref="NotSupportedException">A message holds something other than text.</exception>
    public static List<TemplateMessage> Of(IEnumerable<ChatMessage> messages, string? instructions)
    {
        var conversation = messages.Select((message, index) => Of(message, index)).ToList();
        if (conversation.Count == 0)
            throw new InterventionException("The conversation has no messages; there is nothing to answer.");
        if (string.IsNullOrEmpty(instructions))
            return conversation;
        // Many templates take one system message, the first.
        if (conversation[0].Role == System)
            conversation[0] = conversation[0] with { Content = $"{instructions}\n\n{conversation[0].Content}" };
        else
            conversation.Insert(0, new TemplateMessage(System, instructions));
        return conversation;
    }

    private static TemplateMessage Of(ChatMessage message, int index)
    {
        ArgumentNullException.ThrowIfNull(message);
        var text = new StringBuilder();
        foreach (var content in message.Contents)
        {
            // Templates leave out what an assistant thought before earlier answers.
            _ = content switch
            {
                TextContent part => text.Append(part.Text),
                TextReasoningContent or UsageContent => text,
                _ => throw new NotSupportedException(
                    $"Message {index} holds a {content.GetType().Name}; the chat client of an ONNX model reads text "
                        + "only."
                ),
            };
        }

        return new TemplateMessage(message.Role.Value, text.ToString());
    }
}
