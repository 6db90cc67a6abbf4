using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace OnnxIntervene.Cli.Commands;

/// <summary>An option whose value is a number of bytes.</summary>
internal static class SizeOption
{
    private static readonly (string Suffix, int Shift)[] s_units = [("K", 10), ("M", 20), ("G", 30)];

    /// <summary>The option: bytes, or a number with K, M or G.</summary>
    public static Option<long?> Create(string name, string description) =>
        new(name) { Description = description, CustomParser = result => Parse(result, name) };

    private static long? Parse(ArgumentResult result, string name)
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
        result.AddError($"{name}: '{text}' is not a size. Write bytes, or a number with K, M or G: 512M.");
        return null;
    }
}
