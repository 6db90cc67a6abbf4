using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.Components;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Benchmarks;

/// <summary>What a plain session is fed: token ids, and the rest as the library fills it in.</summary>
internal static class PlainInputs
{
    private static readonly HashSet<string> s_none = [];

    public static Dictionary<string, OrtValue> Of(
        InferenceSession session,
        ModelInputs inputs,
        ComponentMap components
    ) => new InputFiller(session.InputMetadata, components).Fill(inputs, s_none);
}
