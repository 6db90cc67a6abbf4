using System.CommandLine;
using System.CommandLine.Parsing;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Two options that say the same thing in two ways, of which a command needs exactly one.</summary>
internal static class EitherOptions
{
    /// <summary>Adds them.</summary>
    /// <param name="command">The command.</param>
    /// <param name="first">One option.</param>
    /// <param name="second">The other.</param>
    /// <param name="instead">An option that says what both do, and more; null for none.</param>
    public static void AddTo(Command command, Option first, Option second, Option? instead = null)
    {
        command.Add(first);
        command.Add(second);
        command.Validators.Add(result =>
        {
            var given = new[] { first, second }.Where(option => IsGiven(result, option)).ToList();
            if (instead is not null && IsGiven(result, instead))
            {
                if (given.Count > 0)
                    result.AddError($"Give {given[0].Name} or {instead.Name}, not both.");
            }
            else if (given.Count != 1)
            {
                result.AddError($"Give {first.Name} or {second.Name}{(given.Count > 0 ? ", not both" : "")}.");
            }
        });
    }

    /// <summary>Whether the user gave an option.</summary>
    public static bool IsGiven(CommandResult result, Option option) => result.GetResult(option) is { Implicit: false };
}
