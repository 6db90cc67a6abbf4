using System.Diagnostics;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Shows what is generated: one text as it comes, several when they are done.</summary>
internal static class GenerationText
{
    /// <summary>Writes one text while it is generated, and on stderr how fast that was.</summary>
    public static void Stream(
        Terminal terminal,
        TextGeneration generation,
        LoadedModel model,
        GenerationOptions options,
        CancellationToken cancellation
    )
    {
        var text = new TextStream(model.Tokenizer, options.StopTexts);
        var clock = new GenerationClock();
        try
        {
            foreach (var token in generation.Tokens(cancellation))
            {
                clock.Count();
                terminal.Output.WritePart(text.Append(token.Token));
            }

            terminal.Output.WritePart(text.Flush());
        }
        finally
        {
            terminal.Output.WriteLine();
        }

        clock.Write(terminal.Error, generation.Texts()[0].Finish);
    }

    /// <summary>Writes all texts when they are done.</summary>
    public static void Write(
        Terminal terminal,
        TextGeneration generation,
        LoadedModel model,
        bool asJson,
        CancellationToken cancellation
    )
    {
        var clock = new GenerationClock();
        foreach (var _ in generation.Tokens(cancellation))
            clock.Count();
        var texts = generation.Texts();
        if (asJson)
        {
            terminal.Output.WriteJson(JsonText.Of(texts.Select(text => Shown(text, model))));
            return;
        }

        foreach (var text in texts)
        {
            terminal.Output.WriteLine($"> {PromptOf(text, model)}");
            terminal.Output.WriteLine(Of(text));
            terminal.Output.WriteLine();
        }

        clock.Write(terminal.Error, null);
    }

    /// <summary>A prompt as text; its token ids where there is no tokenizer.</summary>
    public static string PromptOf(GeneratedText text, LoadedModel model) =>
        model.HasTokenizer ? model.Tokenizer.Decode(text.Prompt) : string.Join(",", text.Prompt);

    /// <summary>What was generated, as text; its token ids where there is no tokenizer.</summary>
    public static string Of(GeneratedText text) => text.Text ?? string.Join(",", text.Tokens);

    /// <summary>A text as JSON has it.</summary>
    public static object Shown(GeneratedText text, LoadedModel model) =>
        new
        {
            Prompt = model.HasTokenizer ? model.Tokenizer.Decode(text.Prompt) : null,
            PromptIds = text.Prompt,
            text.Text,
            TokenIds = text.Tokens,
            Finish = text.Finish.ToString().ToLowerInvariant(),
        };

    // The first token comes after the prompt is read; the others tell how fast tokens come.
    private sealed class GenerationClock
    {
        private readonly long _start = Stopwatch.GetTimestamp();
        private long _first;
        private int _tokens;

        public void Count()
        {
            if (_tokens++ == 0)
                _first = Stopwatch.GetTimestamp();
        }

        public void Write(TerminalWriter error, FinishReason? finish)
        {
            if (_tokens == 0)
                return;
            var (prompt, rest) = (Stopwatch.GetElapsedTime(_start, _first), Stopwatch.GetElapsedTime(_first));
            var rate = _tokens > 1 ? (_tokens - 1) / rest.TotalSeconds : 0;
            var end = finish switch
            {
                FinishReason.Length => "; ended at --max-tokens",
                FinishReason.Context => "; ended where the model can read no more",
                _ => "",
            };
            error.WriteLine(
                $"{_tokens} tokens, the first after {prompt.TotalSeconds:0.00} s, then {rate:0.0} a second{end}."
            );
        }
    }
}
