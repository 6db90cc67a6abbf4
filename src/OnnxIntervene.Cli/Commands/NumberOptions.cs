using System.CommandLine;
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

    /// <summary>The number that an option was given; null for none, and for a text that is refused by itself.</summary>
    public static double? Given(CommandResult result, Option option) =>
        result.GetResult(option) is { Implicit: false, Tokens: [var token] }
        && double.TryParse(token.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    /// <summary>The finite number that a text is, a fraction behind a point; null for any other text.</summary>
    public static float? Finite(string text) =>
        float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && float.IsFinite(number)
            ? number
            : null;

    /// <summary>Whether an option takes numbers with a fraction.</summary>
    public static bool TakesFractions(Option option)
    {
        var type = option.ValueType.GetElementType() ?? option.ValueType;
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type == typeof(float) || type == typeof(double);
    }

    /// <summary>
    /// Refuses a comma in a number: it would be read as one between thousands, and 1,5 be taken for 15.
    /// </summary>
    public static void RefuseCommas(OptionResult result)
    {
        var several = result.Option.Arity.MaximumNumberOfValues > 1 ? "; give several numbers one option each" : "";
        foreach (var token in result.Tokens.Where(token => token.Value.Contains(',')))
            result.AddError(
                $"{result.Option.Name}: '{token.Value}' is not a number. Write a point and no comma, "
                    + $"such as 1.5{several}."
            );
    }

    /// <summary>Requires a finite number that is not negative.</summary>
    public static void RequireNotNegative(OptionResult result)
    {
        if (
            result.Tokens is [var token]
            && float.TryParse(token.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && !(float.IsFinite(number) && number >= 0)
        )
            result.AddError($"{result.Option.Name} must be a finite number of 0 or more; {token.Value} was given.");
    }
}
