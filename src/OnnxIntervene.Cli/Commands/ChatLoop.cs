using OnnxIntervene.Chat;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.IR;

namespace OnnxIntervene.Cli.Commands;

/// <summary>A conversation: lines are messages, or commands that begin with a slash.</summary>
internal sealed class ChatLoop(
    ChatInput input,
    ChatAnswers answers,
    ChatTranscript transcript,
    SteeringDial dial,
    AnswerInterruption interruption,
    TerminalWriter error
)
{
    private const string Help = """
        /steer                    list the steering vectors and their coefficients
        /steer NAME COEFFICIENT   add a vector this strongly from now on; 0 switches it off
        /system TEXT              set the system message; without a text, remove it
        /reset                    forget the conversation; system message and steering stay
        /save FILE                write the conversation as JSON Lines
        /exit                     leave (so does the end of the input)
        //TEXT                    say a text that begins with a slash
        Ctrl-C ends an answer; at the prompt, or twice, it leaves.
        """;

    /// <summary>Goes on until the user leaves; the exit code.</summary>
    public async Task<int> RunAsync()
    {
        try
        {
            while (await input.NextAsync(interruption.Left).ConfigureAwait(false) is { } line)
            {
                if (!await TakeAsync(line).ConfigureAwait(false))
                    return ExitCodes.Done;
            }

            if (input.IsInteractive)
                error.WriteLine();
            return ExitCodes.Done;
        }
        catch (OperationCanceledException) when (interruption.Left.IsCancellationRequested)
        {
            error.WriteLine();
            return ExitCodes.Cancelled;
        }
    }

    // A script ends at its first fault; somebody at a terminal tries again.
    private async Task<bool> TakeAsync(string line)
    {
        try
        {
            return await DoAsync(line).ConfigureAwait(false);
        }
        catch (Exception fault)
            when (input.IsInteractive
                && !interruption.Left.IsCancellationRequested
                && CommandFault.Of(fault) is { } known
            )
        {
            answers.WriteFault(known);
            return true;
        }
    }

    private async Task<bool> DoAsync(string line)
    {
        var said = line.Trim();
        if (said.Length == 0)
            return true;
        if (!said.StartsWith('/') || said.StartsWith("//", StringComparison.Ordinal))
        {
            await answers.AnswerAsync(said.StartsWith('/') ? said[1..] : said).ConfigureAwait(false);
            return true;
        }

        var space = said.IndexOf(' ', StringComparison.Ordinal);
        var (command, rest) = space < 0 ? (said, "") : (said[..space], said[space..].Trim());
        return command is not ("/exit" or "/quit") && Obey(command, rest);
    }

    private bool Obey(string command, string rest)
    {
        Action act = command switch
        {
            "/steer" => () => Steer(rest),
            "/system" => () => SetSystem(rest),
            "/reset" => Reset,
            "/save" => () => Save(rest),
            "/help" => () => error.WriteLine(Help),
            _ => throw new InterventionException(
                $"There is no command {command}; /help lists them. Write // to say a text that begins with a slash."
            ),
        };
        act();
        return true;
    }

    private void Steer(string rest)
    {
        if (rest.Length > 0)
            dial.Set(rest);
        foreach (var line in dial.Lines())
            error.WriteLine($"{line}");
        if (dial.Vectors.IsEmpty)
            error.WriteLine($"There are no steering vectors; start the conversation with --vector FILE.");
    }

    private void SetSystem(string text)
    {
        transcript.System = text.Length > 0 ? text : null;
        error.WriteLine($"{(text.Length > 0 ? "The system message is set." : "There is no system message.")}");
    }

    private void Reset()
    {
        transcript.Clear();
        error.WriteLine($"A new conversation.");
    }

    private void Save(string path)
    {
        if (path.Length == 0)
            throw new InterventionException("Give the file: /save chat.jsonl");
        transcript.Save(path);
        error.WriteLine($"{transcript.Turns.Count} turns are written to {path}.");
    }
}
