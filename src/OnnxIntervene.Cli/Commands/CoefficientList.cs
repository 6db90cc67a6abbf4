using System.Collections.Immutable;
using System.CommandLine;
using OnnxIntervene.IR;

namespace OnnxIntervene.Cli.Commands;

/// <summary>The coefficients that a command tries, one after the other.</summary>
internal static class CoefficientList
{
    private const string Name = "--coefficients";

    /// <summary>The option.</summary>
    public static Option<string> Create() =>
        new(Name) { Description = "The coefficients, one after the other: -8,-4,0,4,8.", Required = true };

    /// <summary>The numbers of a list.</summary>
    /// <exception cref="InterventionException">A part is not a finite number.</exception>
    public static ImmutableArray<float> Parse(string text) =>
        [
            .. text.Split(',', StringSplitOptions.TrimEntries)
                .Select(part =>
                    NumberOptions.Finite(part)
                    ?? throw new InterventionException($"{Name}: '{part}' is not a number. Write -8,-4,0,4,8.")
                ),
        ];
}
