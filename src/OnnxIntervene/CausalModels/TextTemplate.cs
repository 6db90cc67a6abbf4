using System.Collections.Immutable;
using System.Text;
using OnnxIntervene.IR;

namespace OnnxIntervene.CausalModels;

/// <summary>
/// How an input of a causal model is told as text: <c>{W} equals {X}</c>, in which each name in braces stands for the
/// variable's value. Doubled braces are braces. Immutable.
/// </summary>
public sealed class TextTemplate
{
    private readonly ImmutableArray<(string Words, bool IsVariable)> _parts;
    private readonly string _text;

    /// <summary>Reads a template.</summary>
    /// <param name="text">The template.</param>
    /// <param name="model">The causal model, every input of which stands in it.</param>
    /// <exception cref="InterventionException">
    /// A brace is left open, a name is no input of the model, or an input is left out.
    /// </exception>
    public TextTemplate(string text, CausalModel model)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(model);
        (_text, _parts) = (text, [.. Parts(text)]);
        var inputs = model.Inputs.Select(variable => variable.Name).ToList();
        var named = _parts.Where(part => part.IsVariable).Select(part => part.Words).ToList();
        foreach (var name in named.Except(inputs))
            throw new InterventionException(
                $"The template '{text}' names '{name}', which is no input. The inputs are: {string.Join(", ", inputs)}."
            );
        foreach (var name in inputs.Except(named))
            throw new InterventionException($"The template '{text}' leaves out the input '{name}'.");
    }

    /// <summary>How values are told that are not told as JSON writes them, by variable.</summary>
    public ImmutableDictionary<string, ImmutableDictionary<CausalValue, string>> Texts { get; init; } =
        ImmutableDictionary<string, ImmutableDictionary<CausalValue, string>>.Empty;

    /// <summary>Positions of the text that have names, besides those of the variables.</summary>
    public ImmutableArray<TextPosition> Positions { get; init; } = [];

    /// <summary>The text of an input.</summary>
    /// <exception cref="InterventionException">An input has no value.</exception>
    public TemplateText Fill(CausalSetting input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var text = new StringBuilder();
        var spans = ImmutableArray.CreateBuilder<(string, int, int)>();
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (words, isVariable) in _parts)
        {
            var start = text.Length;
            text.Append(isVariable ? TextOf(words, input[words]) : words);
            if (!isVariable)
                continue;
            var number = seen[words] = seen.GetValueOrDefault(words) + 1;
            spans.Add((number == 1 ? words : $"{words}.{number}", start, text.Length));
        }

        return new TemplateText(text.ToString(), spans.ToImmutable());
    }

    /// <inheritdoc/>
    public override string ToString() => _text;

    private string TextOf(string variable, CausalValue value) =>
        Texts.TryGetValue(variable, out var texts) && texts.TryGetValue(value, out var text) ? text : value.ToString();

    private static IEnumerable<(string Words, bool IsVariable)> Parts(string text)
    {
        var words = new StringBuilder();
        for (var index = 0; index < text.Length; index++)
        {
            var letter = text[index];
            if (letter is not ('{' or '}') || (index + 1 < text.Length && text[index + 1] == letter))
            {
                words.Append(letter);
                index += letter is '{' or '}' ? 1 : 0;
                continue;
            }

            var end = text.IndexOf('}', index);
            if (letter == '}' || end < 0 || text.IndexOf('{', index + 1) is >= 0 and var next && next < end)
                throw new InterventionException(
                    $"The template '{text}' has a brace without its other half at character {index + 1}; double it to "
                        + "mean the brace itself."
                );
            if (words.Length > 0)
                yield return (words.ToString(), false);
            words.Clear();
            yield return (text[(index + 1)..end], true);
            index = end;
        }

        if (words.Length > 0)
            yield return (words.ToString(), false);
    }
}
