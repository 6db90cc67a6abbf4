using System.CommandLine.Parsing;
using System.Globalization;

namespace OnnxIntervene.Cli.Commands;

/// <summary>What an option's number may be.</summary>
internal static class NumberOptions
{
    /// <summary>Requires a whole number between two others, both included.</summary>
    public static void Require(OptionResult result, int least, int most)
    {
        if (
            result.Tokens is not [var token]
            || !long.TryParse(token.Value, CultureInfo.InvariantCulture, out var number)
        )
            return;
        if (number < least)
            result.AddError($"{result.Option.Name} must be at least {least}; {number} was given.");
        else if (number > most)
            result.AddError($"{result.Option.Name} must be at most {most}; {number} was given.");
    }

    /// <summary>Requires a finite number that is not negative.</summary>
    public static void RequireNotNegative(OptionResult result)
    {
        if (
            result.Tokens is [var token]
            && float.TryParse(token.Value, CultureInfo.InvariantCulture, out var number)
            && !(float.IsFinite(number) && number >= 0)
        )
            result.AddError($"{result.Option.Name} must be a finite number of 0 or more; {token.Value} was given.");
    }
}
