using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using OnnxIntervene.IR;

namespace OnnxIntervene.Cli.Commands;

/// <summary>The largest file that any command reads.</summary>
internal static class FileLimitOption
{
    private static readonly (string Suffix, int Shift)[] s_units = [("K", 10), ("M", 20), ("G", 30)];

    /// <summary>The option, for the root of the commands.</summary>
    public static Option<long?> Create() =>
        new("--max-file")
        {
            Description =
                "The largest file that is read, such as 512M or 2G. Default: 256M for JSON and text, no limit for "
                + "models and tensors.",
            Recursive = true,
            CustomParser = Parse,
        };

    /// <summary>Makes what the user wrote the limit of this process.</summary>
    public static void Apply(ParseResult arguments, Option<long?> option)
    {
        // A command line that is not understood is refused when it is invoked.
        if (arguments.Errors.Count == 0 && arguments.GetValue(option) is { } largest)
            FileLimits.LargestFile = largest;
    }

    private static long? Parse(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        var (suffix, shift) = s_units.FirstOrDefault(unit =>
            text.EndsWith(unit.Suffix, StringComparison.OrdinalIgnoreCase)
        );
        var digits = suffix is null ? text : text[..^1];
        if (
            long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number > 0
            && number <= long.MaxValue >> shift
        )
            return number << shift;
        result.AddError($"--max-file: '{text}' is not a size. Write bytes, or a number with K, M or G: 512M.");
        return null;
    }
}
