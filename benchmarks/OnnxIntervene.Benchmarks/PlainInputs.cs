using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.Components;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Benchmarks;

/// <summary>What a plain session is fed: token ids, and the rest as the library fills it in.</summary>
internal static class PlainInputs
{
    public static IReadOnlyDictionary<string, OrtValue> Of(
        InferenceSession session,
        ModelInputs inputs,
        ComponentMap components
    )
    {
        var binding = new RunBinding([]);
        new InputFiller(session.InputMetadata, components).Fill(binding, inputs);
        return binding.Values;
    }
}
