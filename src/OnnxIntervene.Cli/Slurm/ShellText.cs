using System.Text.RegularExpressions;

namespace OnnxIntervene.Cli.Slurm;

/// <summary>Arguments in a script of a POSIX shell: each is one word there, whatever is in it.</summary>
internal static partial class ShellText
{
    /// <summary>The word, in single quotes unless it is plain: within them only their end means anything.</summary>
    public static string Of(string argument) =>
        Plain().IsMatch(argument) ? argument : $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    [GeneratedRegex(@"\A[A-Za-z0-9_./:@=,+-]+\z")]
    private static partial Regex Plain();
}
