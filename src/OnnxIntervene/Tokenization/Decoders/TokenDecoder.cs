using System.Collections.Immutable;
using System.Text;

namespace OnnxIntervene.Tokenization.Decoders;

/// <summary>A step as a tokenizer's file says it. Immutable; each text starts its own.</summary>
/// <param name="Start">Starts the step for a text.</param>
/// <param name="Show">What the step makes of one token that is shown by itself.</param>
/// <param name="Fuses">Whether one token comes out of it, in parts.</param>
/// <param name="TakesParts">Whether it can take a token in parts.</param>
internal sealed record DecoderPart(
    Func<DecoderStep> Start,
    Func<string, string> Show,
    bool Fuses = false,
    bool TakesParts = false
);

/// <summary>How tokens become a text. Immutable.</summary>
internal sealed class TokenDecoder(ImmutableArray<DecoderPart> parts)
{
    /// <summary>The steps, for one text.</summary>
    public DecoderChain Start()
    {
        var steps = new List<DecoderStep>();
        var isFused = false;
        foreach (var part in parts)
        {
            if (isFused && !part.TakesParts)
                steps.Add(new GatherStep());
            steps.Add(part.Start());
            isFused = part.Fuses || (isFused && part.TakesParts);
        }

        return new DecoderChain(steps);
    }

    /// <summary>One token as readable text.</summary>
    public string Show(string token) => parts.Aggregate(token, (text, part) => part.Show(text));
}

/// <summary>The steps from tokens to one text, with its state.</summary>
internal sealed class DecoderChain(List<DecoderStep> steps)
{
    /// <summary>Takes a token; the text that becomes certain by it.</summary>
    public string Append(string token) => Pass([new TextPart(token, true)], from: 0);

    /// <summary>The text that was held back: no more tokens come.</summary>
    public string Flush()
    {
        var text = new StringBuilder();
        for (var index = 0; index < steps.Count; index++)
        {
            var output = new List<TextPart>();
            steps[index].Flush(output);
            text.Append(Pass(output, index + 1));
        }

        return text.ToString();
    }

    private string Pass(List<TextPart> parts, int from)
    {
        foreach (var step in steps.Skip(from))
        {
            var output = new List<TextPart>(parts.Count);
            foreach (var part in parts)
                step.Append(part, output);
            parts = output;
        }

        return string.Concat(parts.Select(part => part.Text));
    }
}
