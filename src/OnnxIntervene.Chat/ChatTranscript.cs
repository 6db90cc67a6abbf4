using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using OnnxIntervene.IR.Files;

namespace OnnxIntervene.Chat;

/// <summary>A conversation, turn by turn, as it goes on. Not safe for concurrent use.</summary>
public sealed class ChatTranscript
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly List<ChatTurn> _turns = [];

    /// <summary>The system message; null for none.</summary>
    public string? System { get; set; }

    /// <summary>What was said until now.</summary>
    public IReadOnlyList<ChatTurn> Turns => _turns;

    /// <summary>Adds a turn.</summary>
    public void Add(ChatTurn turn)
    {
        ArgumentNullException.ThrowIfNull(turn);
        _turns.Add(turn);
    }

    /// <summary>Forgets all turns; the system message stays.</summary>
    public void Clear() => _turns.Clear();

    /// <summary>The conversation with a new message, which a chat client answers.</summary>
    public IReadOnlyList<ChatMessage> With(string user)
    {
        var messages = new List<ChatMessage>();
        if (System is not null)
            messages.Add(new ChatMessage(ChatRole.System, System));
        foreach (var turn in _turns)
        {
            messages.Add(new ChatMessage(ChatRole.User, turn.User));
            messages.Add(new ChatMessage(ChatRole.Assistant, turn.Assistant));
        }

        messages.Add(new ChatMessage(ChatRole.User, user));
        return messages;
    }

    /// <summary>
    /// Writes the conversation as JSON Lines: <c>{"role": …, "content": …}</c> for each message, and for answers
    /// <c>finish</c> and <c>steering</c>.
    /// </summary>
    /// <exception cref="IOException">The file cannot be written; what was there before stays.</exception>
    public void Save(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        PendingFile.Write(
            path,
            stream =>
            {
                foreach (var line in Lines())
                    stream.Write(Encoding.UTF8.GetBytes(line.ToJsonString(s_json) + "\n"));
            }
        );
    }

    private IEnumerable<JsonObject> Lines()
    {
        if (System is not null)
            yield return Line("system", System);
        foreach (var turn in _turns)
        {
            yield return Line("user", turn.User);
            var answer = Line("assistant", turn.Assistant);
            answer["finish"] = turn.Finish;
            answer["steering"] = JsonSerializer.SerializeToNode(turn.Steering);
            yield return answer;
        }
    }

    private static JsonObject Line(string role, string content) => new() { ["role"] = role, ["content"] = content };
}
