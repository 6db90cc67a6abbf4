using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Hub;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Downloads a model from the Hugging Face Hub.</summary>
internal static class PullCommand
{
    public static Command Create()
    {
        var command = new Command(
            "pull",
            "Download a model's files from the Hugging Face Hub into its cache, or into a folder; an interrupted "
                + "pull is resumed. Example: onnx-intervene pull hf:owner/name@main --to models/name"
        );
        var filter = new FilterOptions(HubFilter.Model);
        var source = new Argument<string>("SOURCE")
        {
            Description = "hf:owner/name, hf:owner/name@revision, and a folder or file in it: hf:owner/name/onnx.",
        };
        var target = new Option<string?>("--to")
        {
            Description =
                "A folder to copy the files to, as real files. Default: the cache (HF_HUB_CACHE, HF_HOME/hub or "
                + "~/.cache/huggingface/hub).",
        };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        command.Add(source);
        command.Add(target);
        filter.AddTo(command);
        command.Add(json);
        command.SetAction(
            async (arguments, cancellation) =>
            {
                var terminal = Terminal.Of(arguments);
                var reference = HubReference.Parse(arguments.GetValue(source)!);
                using var client = new HubClient(HubOptions.FromEnvironment());
                using var progress = new TransferLine(terminal.Error);
                var pull = arguments.GetValue(target) is { } folder
                    ? await client.PullToAsync(reference, filter.Read(arguments), folder, progress, cancellation)
                    : await client.PullAsync(reference, filter.Read(arguments), progress, cancellation);
                Write(terminal, reference, pull, arguments.GetValue(json));
                return ExitCodes.Done;
            }
        );
        return command;
    }

    private static void Write(Terminal terminal, HubReference reference, HubPull pull, bool asJson)
    {
        if (asJson)
        {
            terminal.Output.WriteJson(
                JsonText.Of(
                    new
                    {
                        reference.Repository,
                        reference.Revision,
                        pull.Commit,
                        pull.Folder,
                        pull.Downloaded,
                        Files = pull.Files.Select(file => new
                        {
                            file.Path,
                            file.Size,
                            file.Hash,
                        }),
                    }
                )
            );
            return;
        }

        terminal.WriteTable(
            ["file", "size"],
            pull.Files.Select(file => new[] { file.Path, TransferLine.Size(file.Size) })
        );
        terminal.WriteFacts([
            ("commit", pull.Commit),
            ("fetched", $"{pull.Downloaded} of {pull.Files.Length} files"),
            ("folder", pull.Folder),
        ]);
    }
}
