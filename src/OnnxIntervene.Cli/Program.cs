using System.CommandLine;
using OnnxIntervene.Cli;
using OnnxIntervene.Cli.Output;

try
{
    var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false };
    return await CommandTree.Create().Parse(args).InvokeAsync(configuration).ConfigureAwait(false);
}
catch (OperationCanceledException)
{
    await Console.Error.WriteLineAsync("Cancelled; no file was changed.").ConfigureAwait(false);
    return ExitCodes.Cancelled;
}
catch (Exception fault) when (Refusals.Is(fault))
{
    await Console.Error.WriteLineAsync(fault.Message).ConfigureAwait(false);
    return ExitCodes.Refused;
}
