using System.Collections.Immutable;
using System.Text.RegularExpressions;
using OnnxIntervene.IR;

namespace OnnxIntervene.Cli.Slurm;

/// <summary>An option of sbatch as a line of a script has it.</summary>
internal sealed partial record SlurmOption
{
    private static readonly ImmutableArray<string> s_reserved =
    [
        "--array",
        "--chdir",
        "--clusters",
        "--dependency",
        "--error",
        "--job-name",
        "--kill-on-invalid-dep",
        "--output",
        "--parsable",
        "--test-only",
        "--wait",
        "--wrap",
    ];

    private static readonly ImmutableArray<string> s_reservedLetters = ["-a", "-D", "-M", "-d", "-e", "-J", "-o", "-W"];

    private SlurmOption(string text) => Text = text;

    /// <summary>The option with its value, such as <c>--partition=gpu</c>.</summary>
    public string Text { get; }

    /// <summary>Reads an option.</summary>
    /// <exception cref="InterventionException">
    /// It is not one word of plain characters, or it is what this command says itself.
    /// </exception>
    public static SlurmOption Parse(string text)
    {
        if (!OneWord().IsMatch(text))
            throw new InterventionException(
                $"--sbatch '{text}' is not an option of sbatch in one word. Write it as --sbatch=--partition=gpu; "
                    + "spaces, quotes, backslashes and # cannot be in it."
            );
        var name = text.Split('=')[0];
        var isReserved =
            name.Length > 3 && name.StartsWith("--", StringComparison.Ordinal)
                ? s_reserved.Any(reserved => reserved.StartsWith(name, StringComparison.Ordinal))
                : s_reservedLetters.Contains(name[..2]);
        return isReserved
            ? throw new InterventionException(
                $"--sbatch '{text}': arrays, dependencies, names, logs, folders and clusters are this command's own."
            )
            : new SlurmOption(text);
    }

    [GeneratedRegex("""\A--?[A-Za-z][^\s'"\\#\p{C}]*\z""")]
    private static partial Regex OneWord();
}
