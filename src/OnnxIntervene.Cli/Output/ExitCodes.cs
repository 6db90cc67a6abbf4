namespace OnnxIntervene.Cli.Output;

/// <summary>What the command tells the shell.</summary>
internal static class ExitCodes
{
    public const int Done = 0;
    public const int Refused = 1;

    /// <summary>As shells count an interruption: 128 and the signal's number.</summary>
    public const int Cancelled = 130;
}
