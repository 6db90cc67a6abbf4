using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntimeGenAI;

namespace OnnxIntervene.GenAI.Tests;

/// <summary>A folder of onnxruntime-genai's, as that library reads it.</summary>
internal sealed class GenAIModel : IDisposable
{
    private readonly Model _model;
    private readonly Lazy<Tokenizer> _tokenizer;

    public GenAIModel(string folder)
    {
        _model = new Model(folder);
        _tokenizer = new Lazy<Tokenizer>(() => new Tokenizer(_model));
    }

    /// <summary>The tokens of a text.</summary>
    public ImmutableArray<int> Encode(string text)
    {
        using var tokens = _tokenizer.Value.Encode(text);
        return [.. tokens[0]];
    }

    /// <summary>The text of tokens.</summary>
    public string Decode(ImmutableArray<int> tokens) => _tokenizer.Value.Decode(tokens.AsSpan());

    /// <summary>The text of a conversation, by the template in the folder, with a beginning for the answer.</summary>
    /// <param name="messages">A JSON array of messages.</param>
    public string ApplyChatTemplate(string messages) => _tokenizer.Value.ApplyChatTemplate("", messages, "", true);

    /// <summary>Generates greedily, end of text or not; the new tokens.</summary>
    /// <param name="prompt">The prompt's tokens.</param>
    /// <param name="count">How many new tokens.</param>
    /// <param name="adapter">The file of an adapter that is active; null for none.</param>
    public ImmutableArray<int> Generate(ImmutableArray<int> prompt, int count, string? adapter = null)
    {
        using var parameters = new GeneratorParams(_model);
        parameters.SetSearchOption("max_length", prompt.Length + count);
        parameters.SetSearchOption("min_length", prompt.Length + count);
        using var adapters = new Adapters(_model);
        using var generator = new Generator(_model, parameters);
        if (adapter is not null)
        {
            adapters.LoadAdapter(adapter, "intervention");
            generator.SetActiveAdapter(adapters, "intervention");
        }

        generator.AppendTokens(prompt.AsSpan());
        for (var step = 0; step < count; step++)
            generator.GenerateNextToken();
        return [.. generator.GetSequence(0)[prompt.Length..]];
    }

    public void Dispose()
    {
        if (_tokenizer.IsValueCreated)
            _tokenizer.Value.Dispose();
        _model.Dispose();
    }
}
