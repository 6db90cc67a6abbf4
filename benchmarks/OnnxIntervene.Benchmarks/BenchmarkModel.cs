using System.Runtime.InteropServices;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;

namespace OnnxIntervene.Benchmarks;

/// <summary>
/// A model to be timed: a file as it is, or a copy of a graph with random weights beside it, which is gone afterwards.
/// </summary>
internal sealed class BenchmarkModel : IDisposable
{
    private const string WeightsName = "weights.bin";
    private const int WeightBytes = 154_389_504;
    private const double WeightDeviation = 0.02;
    private const int Page = 4096;
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
            && !File.Exists(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(path)!, WeightsName));
        if (!needsWeights)
            return new BenchmarkModel(path, null);
        var folder = Directory.CreateTempSubdirectory("onnx-intervene-benchmark-");
        var copy = System.IO.Path.Combine(folder.FullName, "model.onnx");
        File.Copy(path, copy);
        WriteWeights(System.IO.Path.Combine(folder.FullName, WeightsName));
        var own = System.IO.Path.Combine(folder.FullName, "separate.onnx");
        OnnxFile.SaveReferencing(Separate(OnnxFile.Load(copy)), own);
        return new BenchmarkModel(own, folder);
    }

    public void Dispose() => _folder?.Delete(recursive: true);

    // The graph reads every weight from the beginning of its file. Equal weights would be packed once for all layers,
    // and stay in the processor's cache; so each begins at a page of its own.
    private static Model Separate(Model model)
    {
        var number = 0;
        foreach (var weight in model.Graph.Initializers.Where(IsInWeights))
        {
            var data = weight.Initializer!;
            var pages = (WeightBytes - data.Span!.Length) / Page;
            var span = data.Span with { Offset = pages == 0 ? 0 : ++number % (pages + 1) * Page };
            weight.Initializer = TensorData.FromFile(data.ElementType, data.Dimensions.AsSpan(), span);
        }

        return model;
    }

    private static bool IsInWeights(Value weight) =>
        weight.Initializer!.Span is { } span && System.IO.Path.GetFileName(span.Path) == WeightsName;

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
