using System.Text.Json.Nodes;

namespace OnnxIntervene.Templates;

/// <summary>A message of a conversation.</summary>
/// <param name="Role">Who says it: <c>system</c>, <c>user</c>, <c>assistant</c>, <c>tool</c> or another.</param>
/// <param name="Content">What is said.</param>
public sealed record TemplateMessage(string Role, string Content)
{
    /// <summary>
    /// What else templates may read of it, such as <c>tool_calls</c>, <c>reasoning_content</c>, or a <c>content</c>
    /// that is a list of parts and takes the text's place.
    /// </summary>
    public JsonObject? Fields { get; init; }
}
