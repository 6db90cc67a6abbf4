using System.Text;
using Microsoft.Extensions.AI;
using OnnxIntervene.Chat;
using OnnxIntervene.Cli.Output;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Answers messages and shows the answers: as they come, or as one JSON object a turn.</summary>
internal sealed class ChatAnswers(
    IChatClient client,
    ChatTranscript transcript,
    SteeringDial dial,
    AnswerInterruption interruption,
    Terminal terminal,
    bool asJson
)
{
    private const string Cancelled = "cancelled";

    /// <summary>
    /// Answers a message. An answer that was ended stays as far as it came; with nothing of it, the message is
    /// forgotten too.
    /// </summary>
    /// <exception cref="OperationCanceledException">The conversation is to end.</exception>
    public async Task AnswerAsync(string message)
    {
        var (text, updates) = (new StringBuilder(), new List<ChatResponseUpdate>());
        var finish = Cancelled;
        try
        {
            await StreamAsync(message, text, updates).ConfigureAwait(false);
            finish = updates[^1].FinishReason?.Value ?? Cancelled;
        }
        catch (OperationCanceledException) when (!interruption.Left.IsCancellationRequested) { }
        finally
        {
            interruption.EndAnswer();
            if (!asJson && text.Length > 0)
                terminal.Output.WriteLine();
        }

        var turn = new ChatTurn(message, text.ToString(), finish, dial.Added);
        if (finish != Cancelled || text.Length > 0)
            transcript.Add(turn);
        Show(turn, updates.Count > 0 ? updates[^1] : null);
    }

    /// <summary>Says what went wrong; the conversation goes on.</summary>
    public void WriteFault(CommandFault fault)
    {
        terminal.Error.WriteLine(fault.Message);
        if (asJson)
            terminal.Output.WriteJson(JsonText.LineOf(new { Error = fault }));
    }

    private async Task StreamAsync(string message, StringBuilder text, List<ChatResponseUpdate> updates)
    {
        var options = new ChatOptions();
        foreach (var (name, coefficient) in dial.Coefficients)
            options.Steer(name, coefficient);
        var answer = client.GetStreamingResponseAsync(transcript.With(message), options, interruption.BeginAnswer());
        await foreach (var update in answer.ConfigureAwait(false))
        {
            updates.Add(update);
            text.Append(update.Text);
            if (!asJson)
                terminal.Output.WritePart(update.Text);
        }
    }

    private void Show(ChatTurn turn, ChatResponseUpdate? last)
    {
        var dropped = last?.AdditionalProperties?.GetValueOrDefault(SteeredChatClient.DroppedMessages) as int? ?? 0;
        if (asJson)
            terminal.Output.WriteJson(JsonText.LineOf(Data(turn, last, dropped)));
        if (dropped > 0)
            terminal.Error.WriteLine($"(The oldest {dropped} messages did not fit and were left out.)");
        if (turn.Finish == ChatFinishReason.Length.Value)
            terminal.Error.WriteLine($"(Ended at --max-tokens, or where the model can read no more.)");
        if (turn.Finish == Cancelled)
            terminal.Error.WriteLine($"(Ended.)");
    }

    private object Data(ChatTurn turn, ChatResponseUpdate? last, int dropped)
    {
        var usage = last?.Contents.OfType<UsageContent>().FirstOrDefault()?.Details;
        return new
        {
            Turn = transcript.Turns.Count,
            turn.User,
            turn.Assistant,
            turn.Finish,
            turn.Steering,
            PromptTokens = usage?.InputTokenCount,
            CachedTokens = usage?.CachedInputTokenCount,
            NewTokens = usage?.OutputTokenCount,
            DroppedMessages = dropped,
        };
    }
}
