using System.Runtime.InteropServices;

namespace OnnxIntervene.Benchmarks;

/// <summary>
/// A model to be timed: a file as it is, or a copy of a graph with random weights beside it, which is gone afterwards.
/// </summary>
internal sealed class BenchmarkModel : IDisposable
{
    private const int WeightBytes = 154_389_504;
    private const double WeightDeviation = 0.02;
    private readonly DirectoryInfo? _folder;

    private BenchmarkModel(string path, DirectoryInfo? folder)
    {
        Path = path;
        _folder = folder;
    }

    public string Path { get; }

    public static BenchmarkModel Prepare(string path)
    {
        var needsWeights =
            System.IO.Path.GetDirectoryName(path)!.EndsWith("gpt2-small", StringComparison.Ordinal)
            && !File.Exists(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(path)!, "weights.bin"));
        if (!needsWeights)
            return new BenchmarkModel(path, null);
        var folder = Directory.CreateTempSubdirectory("onnx-intervene-benchmark-");
        var copy = System.IO.Path.Combine(folder.FullName, "model.onnx");
        File.Copy(path, copy);
        WriteWeights(System.IO.Path.Combine(folder.FullName, "weights.bin"));
        return new BenchmarkModel(copy, folder);
    }

    public void Dispose() => _folder?.Delete(recursive: true);

    private static void WriteWeights(string path)
    {
        var random = new Random(0);
        var weights = new float[WeightBytes / sizeof(float)];
        for (var index = 0; index < weights.Length; index++)
            weights[index] = (float)(
                WeightDeviation
                * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()))
                * Math.Cos(2 * Math.PI * random.NextDouble())
            );
        using var stream = File.Create(path);
        stream.Write(MemoryMarshal.AsBytes(weights.AsSpan()));
    }
}
