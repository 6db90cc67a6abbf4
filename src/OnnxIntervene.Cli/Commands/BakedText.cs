using OnnxIntervene.Baking;
using OnnxIntervene.Cli.Output;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Shows what a file says of interventions that were baked into it.</summary>
internal static class BakedText
{
    /// <summary>One line for each intervention, and one for the command.</summary>
    public static void Write(Terminal terminal, BakeDescription? baked)
    {
        foreach (var intervention in baked?.Interventions ?? [])
            terminal.Output.WriteLine($"Baked: {intervention}");
        if (baked?.Command is { } command)
            terminal.Output.WriteLine($"Baked with: {command}");
    }
}
