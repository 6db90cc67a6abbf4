using System.CommandLine;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Patching;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Which run is changed, and from which one values come.</summary>
internal sealed class DirectionOptions
{
    private readonly Option<string> _direction;

    /// <param name="usual">The direction where none is asked for.</param>
    public DirectionOptions(PatchDirection usual)
    {
        _direction = new("--direction")
        {
            Description =
                "denoising: values of the clean run are put into the corrupt one; noising: the other way round.",
            DefaultValueFactory = _ => NameOf(usual),
        };
    }

    public void AddTo(Command command) => command.Add(_direction);

    public PatchDirection Read(ParseResult arguments)
    {
        var name = arguments.GetValue(_direction);
        foreach (var direction in Enum.GetValues<PatchDirection>())
        {
            if (NameOf(direction) == name)
                return direction;
        }

        throw new InterventionException($"{_direction.Name}: '{name}' is neither denoising nor noising.");
    }

    /// <summary>What a direction is called.</summary>
    public static string NameOf(PatchDirection direction) =>
        direction == PatchDirection.Denoising ? "denoising" : "noising";
}
