using System.CommandLine;
using System.CommandLine.Parsing;
using OnnxIntervene.IR;
using OnnxIntervene.Steering;

namespace OnnxIntervene.Cli.Commands;

/// <summary>
/// How steering vectors act: everywhere or under a condition, with or without their length, or as clamps.
/// </summary>
internal sealed class MannerOptions
{
    private const string ClampName = "--clamp";

    private readonly Option<float?> _above = new("--when-above")
    {
        Description =
            "Steer only positions whose values lie farther than this along the vector, or along --along. It is a "
            + "length: the direction is made 1 long.",
    };
    private readonly Option<float?> _below = new("--when-below")
    {
        Description = "Steer only positions whose values lie less far than this.",
    };
    private readonly Option<string?> _along = new("--along")
    {
        Description = "A vector's file: the direction that --when-above and --when-below look along.",
    };
    private readonly Option<bool> _keepsNorm = new("--keep-norm")
    {
        Description = "Rescale steered values to the length that they had.",
    };
    private readonly Option<string?> _clamp = new(ClampName)
    {
        Description =
            "In place of adding the vector, keep the values' length along it between LOW:HIGH (:HIGH caps it, LOW: "
            + "holds it up), or set it: --clamp 3.",
    };

    private Option[] All => [_above, _below, _along, _keepsNorm, _clamp];

    /// <summary>Adds the options.</summary>
    /// <param name="command">The command.</param>
    /// <param name="hasClamp">Whether the vectors may clamp in place of being added.</param>
    public void AddTo(Command command, bool hasClamp)
    {
        foreach (var option in All.Where(option => option != _clamp || hasClamp))
            command.Add(option);
    }

    /// <summary>The options that were given.</summary>
    public IEnumerable<Option> Given(CommandResult result) =>
        All.Where(option => EitherOptions.IsGiven(result, option));

    /// <summary>The file of the direction to look along, where one is given.</summary>
    public IEnumerable<string> Files(ParseResult arguments) =>
        arguments.GetValue(_along) is { } path ? [SteeringVectorFile.FileOf(path)] : [];

    /// <summary>Whether an option clamps.</summary>
    public static bool IsClamp(Option option) => option.Name == ClampName;

    /// <summary>The manner.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="layers">The layers of the vectors.</param>
    /// <param name="component">Where a direction belongs whose file does not say it; null for the usual.</param>
    /// <exception cref="InterventionException">The options do not go together, or a number is none.</exception>
    /// <exception cref="ModelFormatException">The file of the direction is not well formed.</exception>
    public SteeringManner Read(ParseResult arguments, IReadOnlyCollection<int> layers, string? component)
    {
        var manner = new SteeringManner
        {
            WhenAbove = Finite(arguments, _above),
            WhenBelow = Finite(arguments, _below),
            KeepsNorm = arguments.GetValue(_keepsNorm),
            Clamp = arguments.GetResult(_clamp) is null ? null : Bounds(arguments.GetValue(_clamp)),
            Along = arguments.GetValue(_along) is { } path ? SteeringVectorFile.Read(path, layers, component) : null,
        };
        manner.Check();
        return manner;
    }

    private static float? Finite(ParseResult arguments, Option<float?> option) =>
        arguments.GetValue(option) is not { } number ? null
        : float.IsFinite(number) ? number
        : throw new InterventionException($"{option.Name}: {number} is not a finite number.");

    private (float Low, float High)? Bounds(string? text)
    {
        if (text is null)
            return null;
        if (text.Split(':') is not { Length: 1 or 2 } ends || ends.All(string.IsNullOrWhiteSpace))
            throw Unclear(text);
        var (low, high) = (Bound(ends[0], float.NegativeInfinity), Bound(ends[^1], float.PositiveInfinity));
        return low <= high
            ? (low, high)
            : throw new InterventionException($"{_clamp.Name}: {ends[0]} is above {ends[1]}; write LOW:HIGH.");

        float Bound(string end, float otherwise) =>
            string.IsNullOrWhiteSpace(end) ? otherwise : NumberOptions.Finite(end) ?? throw Unclear(text);
    }

    private InterventionException Unclear(string text) =>
        new($"{_clamp.Name}: '{text}' is neither LOW:HIGH nor a number. Write -2:3, :3, -2: or 3.");
}
