using System.Text.Json.Nodes;

namespace OnnxIntervene.Templates;

/// <summary>How a conversation is rendered.</summary>
public sealed record TemplateOptions
{
    /// <summary>Whether the text ends with what begins the assistant's answer; it does by default.</summary>
    public bool AddGenerationPrompt { get; init; } = true;

    /// <summary>Descriptions of the tools that the assistant may call, as JSON Schema; none by default.</summary>
    public JsonArray? Tools { get; init; }

    /// <summary>Further variables that the template knows, such as <c>enable_thinking</c>.</summary>
    public JsonObject? Variables { get; init; }

    /// <summary>What templates take for now when they write a date; the time of the machine by default.</summary>
    public DateTime? Now { get; init; }
}
