using System.CommandLine;

namespace OnnxIntervene.Cli.Tests;

/// <summary>Runs a command with captured writers.</summary>
internal static class Command
{
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
