namespace OnnxIntervene.Cli.Output;

/// <summary>The command's exit codes: whose fault it was, where something went wrong.</summary>
internal static class ExitCodes
{
    public const int Done = 0;

    /// <summary>The request cannot be met: an option, a name, a position, a width.</summary>
    public const int Request = 1;

    /// <summary>A file is missing, or is not what its format says.</summary>
    public const int File = 2;

    /// <summary>This machine failed: ONNX Runtime, a disk, permissions.</summary>
    public const int Machine = 3;

    /// <summary>The Hub or the network failed, or the Hub refused.</summary>
    public const int Network = 4;

    /// <summary>As shells report an interruption: 128 plus the signal's number.</summary>
    public const int Cancelled = 130;
}
