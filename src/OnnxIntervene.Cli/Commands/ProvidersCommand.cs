using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Lists the execution providers of this build of ONNX Runtime, and reports which of them work here.</summary>
internal static class ProvidersCommand
{
    public static Command Create()
    {
        var command = new Command(
            "providers",
            "List what this build of ONNX Runtime can run on, whether each works on this machine, "
                + "and if not, which library is missing. "
                + "Example: onnx-intervene providers --json"
        );
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        command.Add(json);
        command.SetAction(arguments =>
        {
            Write(Terminal.Of(arguments), ExecutionProviders.Probe(), arguments.GetValue(json));
            return ExitCodes.Done;
        });
        return command;
    }

    private static void Write(Terminal terminal, IReadOnlyList<ExecutionProviderStatus> providers, bool asJson)
    {
        if (asJson)
        {
            terminal.Output.WriteJson(
                JsonText.Of(new { OnnxRuntime = ExecutionProviders.RuntimeVersion, Providers = providers })
            );
            return;
        }

        terminal.Output.WriteLine($"ONNX Runtime {ExecutionProviders.RuntimeVersion}");
        terminal.WriteTable(
            ["provider", "works here", "missing library", "name in ONNX Runtime"],
            providers.Select(item =>
                new[] { item.Name, item.Works ? "yes" : "no", item.MissingLibrary ?? "", item.FullName }
            )
        );
        foreach (var item in providers.Where(item => !item.Works))
            terminal.Output.WriteLine($"{item.Reason}");
    }
}
