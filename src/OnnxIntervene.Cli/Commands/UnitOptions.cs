using System.Collections.Immutable;
using System.CommandLine;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Patching;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Which components, layers, heads and positions a sweep changes.</summary>
internal sealed class UnitOptions
{
    private static readonly ImmutableSortedDictionary<string, PatchUnits> s_units =
        ImmutableSortedDictionary.CreateRange<string, PatchUnits>([
            new("position", PatchUnits.Position),
            new("head", PatchUnits.Head),
            new("head-position", PatchUnits.HeadAndPosition),
            new("layer", PatchUnits.Layer),
        ]);

    private readonly Option<string[]> _components;
    private readonly Option<string?> _layers = new("--layers") { Description = "Layers, such as 0-5,7. Default: all." };
    private readonly Option<string?> _positions = new("--positions")
    {
        Description =
            "Positions, such as 3-6, or names that the prompts give to theirs: subject,last. Default: all. Where cells "
            + "are heads or layers, each changes all of these.",
    };
    private readonly Option<string?> _units = new("--by")
    {
        Description =
            $"What a cell is: {string.Join(", ", s_units.Keys)}. A position of attention_weight is a query. Default: "
            + "position, or head for components with heads.",
    };

    /// <param name="components">The components where none is asked for.</param>
    public UnitOptions(params string[] components)
    {
        _components = new("--component")
        {
            Description =
                "What to change: block_output, mlp_output, head_attention_value_output, attention_weight, … Can be "
                + "given "
                + "several times.",
            DefaultValueFactory = _ => components,
        };
    }

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _components, _layers, _positions, _units })
            command.Add(option);
    }

    /// <summary>What a patching sweep changes.</summary>
    public PatchSweepRequest Request(
        ParseResult arguments,
        ImmutableArray<StudyPrompt> prompts,
        PatchDirection direction
    ) =>
        new()
        {
            Prompts = prompts,
            Components = Components(arguments),
            Layers = Layers(arguments),
            Units = Units(arguments),
            Positions = Positions(arguments),
            PositionNames = PositionNames(arguments),
            Direction = direction,
        };

    public ImmutableArray<string> Components(ParseResult arguments) => [.. arguments.GetValue(_components)!.Distinct()];

    public ImmutableArray<int> Layers(ParseResult arguments) =>
        NumberRanges.Parse(arguments.GetValue(_layers), _layers.Name);

    public ImmutableArray<int> Positions(ParseResult arguments) =>
        HasNames(arguments) ? [] : NumberRanges.Parse(arguments.GetValue(_positions), _positions.Name);

    public ImmutableArray<string> PositionNames(ParseResult arguments) =>
        HasNames(arguments)
            ? [.. arguments.GetValue(_positions)!.Split(',', StringSplitOptions.TrimEntries).Distinct()]
            : [];

    public PatchUnits? Units(ParseResult arguments) =>
        arguments.GetValue(_units) is not { } text ? null
        : s_units.TryGetValue(text, out var units) ? units
        : throw new InterventionException(
            $"{_units.Name}: there is no '{text}'; a cell is one of {string.Join(", ", s_units.Keys)}."
        );

    // A name begins with a letter.
    private bool HasNames(ParseResult arguments) =>
        arguments.GetValue(_positions) is { } text
        && text.Split(',', StringSplitOptions.TrimEntries).All(part => part.Length > 0 && char.IsLetter(part[0]));
}
