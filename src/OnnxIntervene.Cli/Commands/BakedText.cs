using System.Text.Json;
using OnnxIntervene.Baking;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.IR;

namespace OnnxIntervene.Cli.Commands;

/// <summary>What a file says of interventions that were baked into it. Anybody can write that.</summary>
internal static class BakedText
{
    private const string Interventions = "interventions";
    private const string Command = "command";

    /// <summary>The record; null where there is none, or none that can be read.</summary>
    public static JsonElement? Record(Model model)
    {
        if (model.Metadata.FirstOrDefault(entry => entry.Key == Baker.RecordKey).Value is not { } text)
            return null;
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>One line for each intervention, and one for the command.</summary>
    public static void Write(Terminal terminal, Model model)
    {
        if (Record(model) is not { ValueKind: JsonValueKind.Object } record)
            return;
        if (record.TryGetProperty(Interventions, out var list) && list.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in list.EnumerateArray())
                terminal.Output.WriteLine($"Baked: {item}");
        }

        if (record.TryGetProperty(Command, out var command) && command.ValueKind == JsonValueKind.String)
            terminal.Output.WriteLine($"Baked with: {command}");
    }
}
