using System.Text.Json;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Files;

namespace OnnxIntervene.Training;

/// <summary>
/// A training's log: JSON Lines, one for each batch, and one after each epoch with held-out examples. <see
/// cref="TrainingLog"/> reads it.
/// </summary>
internal sealed class FitLog : IDisposable
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    private readonly StreamWriter _file;

    /// <summary>
    /// Opens the log. What a process logged after the checkpoint that this one goes on from is cut off.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="state">Where the training stands.</param>
    public FitLog(string path, FitState state)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var lines = state.Losses.Count + state.HeldOut.Count;
        var kept = lines == 0 || !File.Exists(path) ? [] : Lines(path).Take(lines).ToList();
        PendingFile.Write(
            path,
            stream =>
            {
                using var writer = new StreamWriter(stream, leaveOpen: true);
                foreach (var line in kept)
                    writer.Write(line + "\n");
            }
        );
        _file = new StreamWriter(path, append: true) { AutoFlush = true };
    }

    private static string[] Lines(string path) =>
        RegularFile
            .ReadText(path, FileLimits.Text, message => new ModelFormatException(message))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Adds a batch.</summary>
    public void Add(FitState state, int step, StepResult result) =>
        Write(new Line(state.Epoch, state.Batch - 1, step, result.Loss, result.Accuracy, result.GradientNorm));

    /// <summary>Adds what was measured after an epoch.</summary>
    public void Add(int epoch, int step, double accuracy) => Write(new Measure(epoch, step, accuracy));

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Write<T>(T line) => _file.Write(JsonSerializer.Serialize(line, s_options) + "\n");

    private sealed record Line(int Epoch, int Batch, int Step, double Loss, double? Accuracy, double? GradientNorm);

    private sealed record Measure(int Epoch, int Step, double HeldOutAccuracy);
}
