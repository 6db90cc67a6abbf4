using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.Components;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Laws;

/// <summary>Reading and writing a model changes nothing: neither its text nor a bit of what it computes.</summary>
public sealed class RoundTripTests
{
    private const int PictureSize = 16;
    private static readonly ExecutionOptions s_options = new() { Threads = 1 };

    public static IEnumerable<string> Models() =>
        RepositoryPaths.ReferenceModels().Append(Path.Combine(RepositoryPaths.DefaultModel, "model.onnx"));

    public static IEnumerable<string> RunnableModels() =>
        Models()
            .Where(path => !path.Contains("ort_training", StringComparison.Ordinal))
            .Where(path => OnnxFile.Load(path).Graph.Outputs.Any(IsOfFloats));

    private static bool IsOfFloats(Value output) => output.Type?.ElementType == ElementType.Float32;

    [TestCaseSource(nameof(Models))]
    public void A_saved_model_reads_as_the_same_text(string path)
    {
        using var folder = new TemporaryFolder();
        var model = OnnxFile.Load(path);

        OnnxFile.Save(model, folder.File("copy.onnx"));

        Assert.That(GraphPrinter.Print(OnnxFile.Load(folder.File("copy.onnx"))), Is.EqualTo(GraphPrinter.Print(model)));
    }

    [TestCaseSource(nameof(Models))]
    public void A_copy_reads_as_the_same_text_and_has_no_faults(string path)
    {
        var model = OnnxFile.Load(path);

        Assert.That(GraphPrinter.Print(model.Copy()), Is.EqualTo(GraphPrinter.Print(model)));
        Assert.That(GraphVerifier.FindFaults(model), Is.Empty);
    }

    [TestCaseSource(nameof(RunnableModels))]
    public void A_saved_model_and_one_that_refers_to_the_files_weights_compute_the_same_bits(string path)
    {
        using var folder = new TemporaryFolder();
        var model = OnnxFile.Load(path);
        OnnxFile.Save(model, folder.File("copy.onnx"));
        using var original = SessionFactory.Open(path, s_options);
        using var saved = SessionFactory.Open(folder.File("copy.onnx"), s_options);
        using var referring = SessionFactory.Open(model, s_options);

        var expected = Run(original, model);

        Assert.That(Run(saved, model), Is.EqualTo(expected));
        Assert.That(Run(referring, model), Is.EqualTo(expected));
        Assert.That(expected, Has.Some.Not.Zero);
    }

    private static float[] Run(InferenceSession session, Model model)
    {
        var filler = new InputFiller(session.InputMetadata, ComponentMap.Find(model));
        using var binding = new RunBinding([]);
        filler.Fill(binding, Inputs(session));
        var values = binding.Values;
        using var runOptions = new RunOptions();
        var output = session.OutputNames.First(name =>
            session.OutputMetadata[name] is { IsTensor: true } metadata && metadata.ElementType == typeof(float)
        );
        using var results = session.Run(runOptions, values, [output]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }

    // The first input decides batch and length; what the filling does not know is made of seeded numbers.
    private static ModelInputs Inputs(InferenceSession session)
    {
        var given = session
            .InputMetadata.Where(input => input.Key is "input_ids" or "decoder_input_ids" || IsUnusual(input.Key))
            .OrderBy(input => input.Key == "input_ids" ? 0 : 1)
            .ToDictionary(input => input.Key, input => Array(input.Value));
        return new ModelInputs(System.Collections.Immutable.ImmutableDictionary.CreateRange(given));
    }

    private static bool IsUnusual(string name) =>
        name
            is not (
                "attention_mask"
                or "encoder_attention_mask"
                or "token_type_ids"
                or "position_ids"
                or "use_cache_branch"
            )
        && !name.StartsWith("past_key_values.", StringComparison.Ordinal);

    private static NumericArray Array(NodeMetadata metadata)
    {
        // Pictures are [batch, channel, height, width], and need some pixels.
        var isPicture = metadata.Dimensions.Length == 4;
        int[] shape =
        [
            .. metadata.Dimensions.Select(
                (size, axis) =>
                    size > 0 ? size
                    : metadata.SymbolicDimensions[axis] == "batch" ? 2
                    : axis == 0 ? 2
                    : isPicture && axis > 1 ? PictureSize
                    : 3
            ),
        ];
        var count = shape.Aggregate(1, (product, size) => product * size);
        return metadata.ElementType == typeof(float)
            ? NumericArray.Of(Enumerable.Range(0, count).Select(index => (float)Math.Sin(index)).ToArray(), shape)
            : NumericArray.Of(Enumerable.Range(0, count).Select(index => (long)(index % 7) + 1).ToArray(), shape);
    }
}
