using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Hub;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Uploads a folder to the Hugging Face Hub.</summary>
internal static class PushCommand
{
    public static Command Create()
    {
        var command = new Command(
            "push",
            "Upload what differs in a folder to the Hugging Face Hub, as one commit; needs a token that may write "
                + "(HF_TOKEN). Example: onnx-intervene push models/name hf:owner/name --create --private"
        );
        var filter = new FilterOptions(HubFilter.All);
        var folder = new Argument<string>("DIR") { Description = "The folder. Hidden files are left out." };
        var target = new Argument<string>("TARGET")
        {
            Description = "hf:owner/name, or a folder in it: hf:owner/name/interventions.",
        };
        var message = new Option<string?>("--message") { Description = "The commit's message." };
        var revision = new Option<string?>("--revision") { Description = "The branch. Default: main." };
        var create = new Option<bool>("--create")
        {
            Description = "Create the repository, or the branch, when it does not exist.",
        };
        var secret = new Option<bool>("--private") { Description = "With --create: only you see the repository." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        command.Add(folder);
        command.Add(target);
        foreach (var option in new Option[] { message, revision, create, secret, json })
            command.Add(option);
        filter.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(secret) && !result.GetValue(create))
                result.AddError("--private says how a repository is created; use it with --create.");
        });
        command.SetAction(
            async (arguments, cancellation) =>
            {
                var terminal = Terminal.Of(arguments);
                var reference = HubReference.Parse(arguments.GetValue(target)!);
                var push = new HubPush(
                    arguments.GetValue(folder)!,
                    arguments.GetValue(revision) is { } branch ? reference.At(branch) : reference
                )
                {
                    Filter = filter.Read(arguments),
                    Creates = arguments.GetValue(create),
                    IsPrivate = arguments.GetValue(secret),
                };
                using var client = new HubClient(HubOptions.FromEnvironment());
                using var progress = new TransferLine(terminal.Error);
                var commit = await client.PushAsync(
                    arguments.GetValue(message) is { } text ? push with { Message = text } : push,
                    progress,
                    cancellation
                );
                Write(terminal, push.Target, commit, arguments.GetValue(json));
                return ExitCodes.Done;
            }
        );
        return command;
    }

    private static void Write(Terminal terminal, HubReference target, HubCommit commit, bool asJson)
    {
        if (asJson)
        {
            terminal.Output.WriteLine(
                JsonText.Of(
                    new
                    {
                        target.Repository,
                        target.Revision,
                        commit.Commit,
                        Url = commit.Url.ToString(),
                        commit.Files,
                    }
                )
            );
            return;
        }

        terminal.Output.WriteLine(
            commit.Files.Length == 0
                ? $"'{target.Repository}' already holds all of it, at {commit.Commit}."
                : $"Committed {commit.Files.Length} files: {commit.Url}"
        );
    }
}
