using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Hub;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Uploads a folder to the Hugging Face Hub.</summary>
internal sealed class PushCommand
{
    private readonly FilterOptions _filter = new(HubFilter.All);
    private readonly Argument<string> _folder = new("DIR") { Description = "The folder. Hidden files are left out." };
    private readonly Argument<string> _target = new("TARGET")
    {
        Description = "hf:owner/name, or a folder in it: hf:owner/name/interventions.",
    };
    private readonly Option<string?> _message = new("--message") { Description = "The commit's message." };
    private readonly Option<string?> _revision = new("--revision") { Description = "The branch. Default: main." };
    private readonly Option<bool> _create = new("--create")
    {
        Description = "Create the repository, or the branch, when it does not exist.",
    };
    private readonly Option<bool> _secret = new("--private")
    {
        Description = "With --create: only you see the repository.",
    };
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON." };

    public static Command Create() => new PushCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "push",
            "Upload what differs in a folder to the Hugging Face Hub, as one commit; needs a token that may write "
                + "(HF_TOKEN). Example: onnx-intervene push models/name hf:owner/name --create --private"
        );
        command.Add(_folder);
        command.Add(_target);
        foreach (var option in new Option[] { _message, _revision, _create, _secret, _json })
            command.Add(option);
        _filter.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_secret) && !result.GetValue(_create))
                result.AddError("--private says how a repository is created; use it with --create.");
        });
        command.SetAction(Run);
        return command;
    }

    private async Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        var terminal = Terminal.Of(arguments);
        var reference = HubReference.Parse(arguments.GetValue(_target)!);
        var push = new HubPush(
            arguments.GetValue(_folder)!,
            arguments.GetValue(_revision) is { } branch ? reference.At(branch) : reference
        )
        {
            Filter = _filter.Read(arguments),
            Creates = arguments.GetValue(_create),
            IsPrivate = arguments.GetValue(_secret),
        };
        using var client = new HubClient(HubOptions.FromEnvironment());
        using var progress = new TransferLine(terminal.Error);
        var commit = await client.PushAsync(
            arguments.GetValue(_message) is { } text ? push with { Message = text } : push,
            progress,
            cancellation
        );
        Write(terminal, push.Target, commit, arguments.GetValue(_json));
        return ExitCodes.Done;
    }

    private static void Write(Terminal terminal, HubReference target, HubCommit commit, bool asJson)
    {
        if (asJson)
        {
            terminal.Output.WriteJson(
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
