using System.CommandLine;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;

namespace OnnxIntervene.Cli.Commands;

/// <summary>A kind of intervention by pyvene's name.</summary>
/// <param name="description">What it is for.</param>
internal sealed class KindOption(string description)
{
    private readonly Option<string?> _kind = new("--kind") { Description = description };

    public void AddTo(Command command) => command.Add(_kind);

    /// <summary>The kind; null where none is given.</summary>
    /// <exception cref="InterventionException">There is no such kind.</exception>
    public InterventionType? Read(ParseResult arguments)
    {
        try
        {
            return arguments.GetValue(_kind) is { } name ? InterventionType.Parse(name) : null;
        }
        catch (FormatException fault)
        {
            throw new InterventionException($"{_kind.Name}: {fault.Message}", fault);
        }
    }
}
