using System.CommandLine;
using OnnxIntervene.Cli.Commands;

namespace OnnxIntervene.Cli;

/// <summary>The command with its subcommands.</summary>
internal static class CommandTree
{
    public static RootCommand Create() =>
        new(
            """
            Causal interventions on exported ONNX models: see, swap, add to or zero any component.

            MODEL is an .onnx file, a folder with a model.onnx, or hf:owner/name on the Hugging Face Hub; without it, the small GPT-2 that comes with the tool is used. Example:
              onnx-intervene trace --prompt "The Space Needle is located in the city of" --subject "Space Needle" --answer " Seattle"
            """
        )
        {
            InspectCommand.Create(),
            RunCommand.Create(),
            CollectCommand.Create(),
            TraceCommand.Create(),
            PatchCommand.Create(),
            SpliceCommand.Create(),
            PullCommand.Create(),
            PushCommand.Create(),
            ProvidersCommand.Create(),
        };
}
