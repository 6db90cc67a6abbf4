using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>How much memory the command takes, in a process of its own.</summary>
[Platform("Linux")]
public sealed class MemoryTests
{
    private const int Vocabulary = 32_768;
    private const int Width = 4_096;
    private const int Block = 32;
    private const long MatrixBytes = (long)Vocabulary * Width / 2;
    private const long ScaleBytes = (long)Vocabulary * Width / Block * sizeof(float);

    // .NET, ONNX Runtime and the command take some 85 MB beside them; one more copy of the matrix is 67 MB.
    private const long MostBesideWeights = 120_000_000;

    [Test]
    public void An_embedding_and_the_product_with_the_vocabulary_hold_their_matrix_once()
    {
        using var folder = new TemporaryFolder();
        WriteModel(folder);
        string[] arguments = ["generate", folder.Path, "--prompt-ids", "1,2,3", "--max-tokens", "40", "--threads", "1"];
        var start = new ProcessStartInfo("dotnet", [typeof(CommandTree).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());

        var resident = ResidentBytesWhileItRuns(process);

        Assert.That(process.ExitCode, Is.Zero, error.Result);
        Assert.That(output.Result, Does.Contain("0,0,0,0"));
        var weights = MatrixBytes + ScaleBytes;
        Assert.That(resident, Is.InRange(weights, weights + MostBesideWeights));
    }

    // The median of the later half: tokens take most of the time, and what comes before them the earlier half at most.
    private static long ResidentBytesWhileItRuns(Process process)
    {
        var samples = new List<long>();
        while (!process.WaitForExit(TimeSpan.FromMilliseconds(20)))
        {
            if (ResidentBytes(process.Id) is { } bytes)
                samples.Add(bytes);
        }

        var later = samples.Skip(samples.Count / 2).Order().ToList();
        return later[later.Count / 2];
    }

    // Null when the process has just ended.
    private static long? ResidentBytes(int process)
    {
        const string Field = "VmRSS:";
        try
        {
            var line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(line => line.StartsWith(Field));
            return line is null
                ? null
                : 1024 * long.Parse(line[Field.Length..^"kB".Length].Trim(), CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }

    // As onnxruntime-genai's builder writes it: one matrix of 4 bits, reshaped for the embedding. All of it is zeros.
    private static void WriteModel(TemporaryFolder folder)
    {
        var weights = folder.File("weights.bin");
        using (var file = File.Create(weights))
            file.SetLength(MatrixBytes + ScaleBytes);
        var graph = new Graph();
        var ids = graph.AddInput("input_ids", TypeOf(ElementType.Int64, "batch", "sequence"));
        var matrix = graph.AddInitializer(
            "matrix",
            TensorData.FromFile(
                ElementType.UInt8,
                [Vocabulary, Width / Block, Block / 2],
                new FileSpan(weights, 0, MatrixBytes)
            )
        );
        var scales = graph.AddInitializer(
            "scales",
            TensorData.FromFile(
                ElementType.Float32,
                [Vocabulary, Width / Block],
                new FileSpan(weights, MatrixBytes, ScaleBytes)
            )
        );
        var shape = graph.AddInitializer("shape", TensorData.FromIntegers([2], [Vocabulary, Width / 2]));
        var rows = graph.AddNode("reshape", new("", "Reshape"), [matrix, shape], ["rows"], []).Output;
        NodeAttribute[] blocks = [NodeAttribute.Of("bits", 4L), NodeAttribute.Of("block_size", (long)Block)];
        var embedded = graph.AddNode(
            "embed",
            new(OperatorKey.Microsoft, "GatherBlockQuantized"),
            [rows, ids, scales],
            ["embedded"],
            [.. blocks, NodeAttribute.Of("gather_axis", 0L), NodeAttribute.Of("quantize_axis", 1L)]
        );
        var logits = graph.AddNode(
            "lm_head",
            new(OperatorKey.Microsoft, "MatMulNBits"),
            [embedded.Output, matrix, scales],
            ["logits"],
            [.. blocks, NodeAttribute.Of("K", (long)Width), NodeAttribute.Of("N", (long)Vocabulary)]
        );
        logits.Output.Type = TypeOf(ElementType.Float32, "batch", "sequence", "vocabulary");
        graph.AddOutput(logits.Output);
        var operators = ImmutableSortedDictionary<string, long>.Empty.Add("", 21).Add(OperatorKey.Microsoft, 1);
        OnnxFile.SaveReferencing(new Model(graph, 10, operators), folder.File("model.onnx"));
    }

    private static TensorType TypeOf(ElementType type, params string[] axes) =>
        new(type, Shape.Of([.. axes.Select(Dimension.Named)]));
}
