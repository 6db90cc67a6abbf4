using System.Collections.Immutable;
using System.CommandLine;
using OnnxIntervene.Components.Addressing;
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
    private readonly VariableSiteOption _at = new(
        "A variable that is not searched, but trained at a site of its own beside the others:"
    );
    private readonly Option<string?> _answerPosition = new("--answer-position")
    {
        Description = "Where the answer is read. Default: the last token.",
    };

    public void AddTo(Command command)
    {
        foreach (
            var option in new Option[] { _component, _layers, _positions, _sourcePositions, _heads, _answerPosition }
        )
            command.Add(option);
        _at.AddTo(command);
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
            Sites = _at.Read(arguments, variables),
            AnswerPosition = arguments.GetValue(_answerPosition) is { } text ? ExamplePosition.Parse(text) : null,
        };

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
