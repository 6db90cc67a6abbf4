using System.Globalization;
using OnnxIntervene.Hub;

namespace OnnxIntervene.Cli.Output;

/// <summary>
/// Shows how far transfers have come: a moving line on a terminal, and a line for each file when it is complete.
/// </summary>
internal sealed class TransferLine(TerminalWriter error) : IProgress<HubProgress>, IDisposable
{
    private const long Step = 1 << 20;
    private string _path = "";
    private long _shown;

    public void Report(HubProgress value)
    {
        if (value.Done == value.Total)
        {
            Wipe();
            error.WriteLine($"{value.Path}: {Size(value.Total)}");
            return;
        }

        if (!error.IsWatched || (value.Path == _path && value.Done >= _shown && value.Done < _shown + Step))
            return;
        (_path, _shown) = (value.Path, value.Done);
        Wipe();
        error.Write($"{value.Path}: {Size(value.Done)} of {Size(value.Total)} ");
    }

    public void Dispose() => Wipe();

    /// <summary>A number of bytes for people to read.</summary>
    public static string Size(long bytes) =>
        bytes switch
        {
            < 1000 => $"{bytes} B",
            < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:F1} kB"),
            < 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:F1} MB"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:F2} GB"),
        };

    private void Wipe() => error.WipeLine();
}
