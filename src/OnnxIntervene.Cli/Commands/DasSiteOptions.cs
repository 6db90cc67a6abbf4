using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Alignment;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Where an alignment search looks for variables.</summary>
internal sealed class DasSiteOptions
{
    private readonly Option<string> _component = new("--component")
    {
        Description = "What is rotated: block_output, mlp_output, head_attention_value_output, …",
        DefaultValueFactory = _ => ComponentNames.BlockOutput,
    };
    private readonly Option<string?> _layers = new("--layers") { Description = "Layers, such as 0-5,7. Default: all." };
    private readonly Option<string?> _positions = new("--positions")
    {
        Description =
            "Positions, with commas between: numbers, from the end where negative, ranges such as 27-31, or names that "
            + "examples give to theirs; last. Default: all.",
    };
    private readonly Option<string?> _sourcePositions = new("--source-positions")
    {
        Description = "Where sources are read, one for each of --positions. Default: the same.",
    };
    private readonly Option<string?> _heads = new("--heads")
    {
        Description =
            "Heads, such as 0-3, of a component that has heads: each is searched by itself, at each position. Default: "
            + "all.",
    };
    private readonly Option<string[]> _at = new("--at")
    {
        Description =
            "A variable that is not searched, but trained at a site of its own beside the others: "
            + "NAME=LAYER:POSITION, or NAME=LAYER:POSITION:HEAD; NAME is a variable of --causal, or its number among the "
            + "sources of --data, from 0. Can be given several times.",
    };
    private readonly Option<string?> _answerPosition = new("--answer-position")
    {
        Description = "Where the answer is read. Default: the last token.",
    };

    public void AddTo(Command command)
    {
        foreach (
            var option in new Option[]
            {
                _component,
                _layers,
                _positions,
                _sourcePositions,
                _heads,
                _at,
                _answerPosition,
            }
        )
            command.Add(option);
    }

    /// <summary>The request with its places.</summary>
    public AlignmentRequest Placed(AlignmentRequest request, ParseResult arguments, ImmutableArray<string> variables) =>
        request with
        {
            Component = arguments.GetValue(_component)!,
            Layers = NumberRanges.Parse(arguments.GetValue(_layers), _layers.Name),
            Positions = Positions(arguments.GetValue(_positions)),
            SourcePositions = Positions(arguments.GetValue(_sourcePositions)),
            Heads = NumberRanges.Parse(arguments.GetValue(_heads), _heads.Name),
            Sites = Sites(arguments.GetValue(_at) ?? [], variables),
            AnswerPosition = arguments.GetValue(_answerPosition) is { } text ? ExamplePosition.Parse(text) : null,
        };

    private ImmutableSortedDictionary<int, VariableSite> Sites(string[] texts, ImmutableArray<string> variables)
    {
        var sites = ImmutableSortedDictionary.CreateBuilder<int, VariableSite>();
        foreach (var text in texts)
        {
            var (name, site) = Site(text);
            if (variables.IndexOf(name) is var number && number < 0)
                throw new InterventionException(
                    $"{_at.Name} '{text}': no variable '{name}' is looked for; there are: "
                        + $"{string.Join(", ", variables)}."
                );
            if (!sites.TryAdd(number, site))
                throw new InterventionException($"{_at.Name}: '{name}' is given two sites; give it one.");
        }

        return sites.ToImmutable();
    }

    private (string Name, VariableSite Site) Site(string text)
    {
        var name = text.IndexOf('=') is > 0 and var end ? text[..end] : "";
        var parts = text[(name.Length + (name.Length > 0 ? 1 : 0))..].Split(':');
        if (
            name.Length == 0
            || parts.Length is < 2 or > 3
            || !TryParse(parts[0], out var layer)
            || string.IsNullOrWhiteSpace(parts[1])
        )
            throw Unreadable(text);
        if (parts.Length == 2)
            return (name, new VariableSite(layer, ExamplePosition.Parse(parts[1])));
        return TryParse(parts[2], out var head)
            ? (name, new VariableSite(layer, ExamplePosition.Parse(parts[1])) { Head = head })
            : throw Unreadable(text);
    }

    private InterventionException Unreadable(string text) =>
        new($"{_at.Name}: '{text}' is not NAME=LAYER:POSITION or NAME=LAYER:POSITION:HEAD, such as left=0:last.");

    private static bool TryParse(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static ImmutableArray<ExamplePosition> Positions(string? text) =>
        text is null
            ? []
            :
            [
                .. text.Split(',', StringSplitOptions.TrimEntries)
                    .SelectMany(part =>
                        IsRange(part)
                            ? NumberRanges.Parse(part, "--positions").Select(ExamplePosition.At)
                            : [ExamplePosition.Parse(part)]
                    ),
            ];

    // A name may have a hyphen, and a negative number begins with one.
    private static bool IsRange(string part) =>
        part.IndexOf('-') > 0 && part.All(letter => char.IsAsciiDigit(letter) || letter == '-');
}
