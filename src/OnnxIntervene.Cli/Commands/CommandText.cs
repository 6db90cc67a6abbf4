using System.CommandLine;
using System.Text.RegularExpressions;

namespace OnnxIntervene.Cli.Commands;

/// <summary>The command line as it was given, to be given again.</summary>
internal static partial class CommandText
{
    /// <summary>The tool's name and every argument, quoted where a shell would take them apart.</summary>
    public static string Of(ParseResult arguments) =>
        string.Join(' ', arguments.Tokens.Select(token => Quoted(token.Value)).Prepend("onnx-intervene"));

    // Double quotes are the same in every shell; but within them POSIX shells read some characters.
    private static string Quoted(string argument) =>
        Plain().IsMatch(argument) ? argument
        : Read().IsMatch(argument) ? $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'"
        : $"\"{argument}\"";

    [GeneratedRegex(@"\A[\w./:@=,+-]+\z")]
    private static partial Regex Plain();

    [GeneratedRegex("[\"$`\\\\!]")]
    private static partial Regex Read();
}
