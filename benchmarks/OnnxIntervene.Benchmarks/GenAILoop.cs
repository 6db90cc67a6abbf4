using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntimeGenAI;

namespace OnnxIntervene.Benchmarks;

/// <summary>Generates with onnxruntime-genai's own loop, on one thread, greedily.</summary>
internal sealed class GenAILoop : IDisposable
{
    private readonly Config _config;
    private readonly Model _model;

    private GenAILoop(string folder)
    {
        _config = new Config(folder);
        _config.Overlay("""{"model": {"decoder": {"session_options": {"intra_op_num_threads": 1}}}}""");
        _model = new Model(_config);
    }

    /// <summary>The loop for a folder; null where it has no configuration of onnxruntime-genai's.</summary>
    public static GenAILoop? Open(string folder) =>
        File.Exists(Path.Combine(folder, "genai_config.json")) ? new GenAILoop(folder) : null;

    /// <summary>A generation, run by run.</summary>
    public IEnumerable<int> Generate(ImmutableArray<int> prompt, int newTokens)
    {
        using var parameters = new GeneratorParams(_model);
        parameters.SetSearchOption("max_length", prompt.Length + newTokens);
        parameters.SetSearchOption("min_length", prompt.Length + newTokens);
        using var generator = new Generator(_model, parameters);
        generator.AppendTokens(prompt.AsSpan());
        for (var run = 0; run < newTokens; run++)
        {
            generator.GenerateNextToken();
            yield return run;
        }
    }

    public void Dispose()
    {
        _model.Dispose();
        _config.Dispose();
    }
}
