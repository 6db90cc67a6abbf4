using System.CommandLine;
using System.CommandLine.Parsing;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Two options that say the same thing in two ways, of which a command needs exactly one.</summary>
internal static class EitherOptions
{
    public static void AddTo(Command command, Option first, Option second)
    {
        command.Add(first);
        command.Add(second);
        command.Validators.Add(result =>
        {
            if (IsGiven(result, first) == IsGiven(result, second))
                result.AddError($"Give {first.Name} or {second.Name}{(IsGiven(result, first) ? ", not both" : "")}.");
        });
    }

    private static bool IsGiven(CommandResult result, Option option) => result.GetResult(option) is { Implicit: false };
}
