using System.CommandLine;

namespace OnnxIntervene.Cli.Tests;

/// <summary>Runs a command with captured writers.</summary>
internal static class Command
{
    /// <summary>What every trace needs; further options may follow.</summary>
    public static string[] Trace { get; } =
    [
        "trace",
        "--prompt",
        "The Space Needle is located in the city of",
        "--subject",
        "Space Needle",
        "--answer",
        " Seattle",
    ];

    /// <summary>Runs the whole command: faults become messages and exit codes.</summary>
    public static async Task<(string Output, string Error, int Exit)> RunAsync(params string[] arguments)
    {
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var exit = await Application.RunAsync(arguments, output, error);
        return (output.ToString(), error.ToString(), exit);
    }

    public static (string Output, string Error) Invoke(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var configuration = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
        };
        CommandTree.Create().Parse(arguments).Invoke(configuration);
        return (output.ToString(), error.ToString());
    }
}
