using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Runtime;

/// <summary>How much of a model's file stays in memory once ONNX Runtime has packed its weights.</summary>
[Platform("Linux")]
public sealed class MappedFileTests
{
    private const string ResidentField = "Rss:";

    [Test]
    public void A_file_of_weights_gives_its_memory_back_once_a_session_is_open()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(RepositoryPaths.DefaultModel))
            File.Copy(file, folder.File(Path.GetFileName(file)));
        using var loaded = LoadedModel.Load(folder.Path);
        using var model = loaded.With(IntervenableConfig.Empty);

        using var result = model.Run(loaded.Tokenize("The company Volvo makes"));

        var mapped = folder.File("model.onnx");
        Assert.That(result.Intervened.Logits.Floats.Length, Is.GreaterThan(0));
        Assert.That(ResidentBytes(mapped), Is.LessThan(new FileInfo(mapped).Length / 4));
    }

    [Test]
    public void A_file_of_weights_gives_its_memory_back_while_a_session_opens()
    {
        using var folder = new TemporaryFolder();
        var mapped = folder.File("model.onnx");
        File.Copy(Path.Combine(RepositoryPaths.DefaultModel, "model.onnx"), mapped);
        using var weights = new SharedWeights();
        using var settings = new SessionOptions();
        weights.AddTo(settings, OnnxFile.Reference(OnnxFile.Load(mapped)).Referenced);
        Assert.That(ResidentBytes(mapped), Is.GreaterThan(0), "small weights are copied");

        var isGivenBack = weights.ReleaseDuring(() =>
            SpinWait.SpinUntil(() => ResidentBytes(mapped) == 0, TimeSpan.FromSeconds(20))
        );

        Assert.That(isGivenBack, Is.True);
    }

    // From the list of this process's mappings: a line that may end with a file's name, then a line for each count, in
    // KiB, which begins with what is counted and a colon.
    private static long ResidentBytes(string path)
    {
        long? bytes = null;
        var isIn = false;
        foreach (var line in File.ReadLines("/proc/self/smaps"))
        {
            if (!line.Split(' ', 2)[0].EndsWith(':'))
                isIn = line.EndsWith(path, StringComparison.Ordinal);
            else if (isIn && line.StartsWith(ResidentField, StringComparison.Ordinal))
                bytes = (bytes ?? 0) + (1024 * KibibytesOf(line));
        }

        return bytes ?? throw new InvalidOperationException($"'{path}' is not mapped.");
    }

    private static long KibibytesOf(string line) =>
        long.Parse(line[ResidentField.Length..^"kB".Length].Trim(), CultureInfo.InvariantCulture);
}
