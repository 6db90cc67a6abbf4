using System.Collections.Immutable;
using System.Security.Cryptography;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Sweeps.Engine;

namespace OnnxIntervene.Studies.Tracing;

/// <summary>The noise of a trace's prompts.</summary>
internal static class TraceNoise
{
    /// <summary>Throws unless every prompt has noise for its subject, as many samples as the others.</summary>
    public static void Check(CausalTraceRequest request, ComponentMap components)
    {
        if (request.Noise.Length != request.Prompts.Length)
            throw new InterventionException(
                $"There are {request.Prompts.Length} prompts and noise for {request.Noise.Length}; give an array for each."
            );
        var width = components.Get(0, ComponentNames.BlockInput).Width;
        for (var prompt = 0; prompt < request.Prompts.Length; prompt++)
        {
            var count = SubjectOf(request.Prompts[prompt], prompt).Length;
            var (noise, first) = (request.Noise[prompt], request.Noise[0]);
            if (noise.Shape is not [> 0, var positions, var wide] || positions != count || wide != width)
                throw new InterventionException($"The noise is {noise}; [samples, {count}, {width}] is needed.");
            if (noise.Shape[0] != first.Shape[0])
                throw new InterventionException(
                    $"Prompt {prompt + 1} has {noise.Shape[0]} samples of noise, prompt 1 has {first.Shape[0]}."
                );
        }
    }

    /// <summary>What each sample adds to a prompt's embeddings.</summary>
    public static IEnumerable<EmbeddingAddition> Additions(CausalTraceRequest request, int prompt)
    {
        var noise = request.Noise[prompt];
        var size = noise.Length / noise.Shape[0];
        return Enumerable
            .Range(0, noise.Shape[0])
            .Select(sample => new EmbeddingAddition(
                request.Prompts[prompt].Positions[CausalTraceRequest.Subject],
                noise.FloatMemory.Slice(sample * size, size)
            ));
    }

    /// <summary>The SHA-256 of all noise, as hexadecimal digits.</summary>
    public static string HashOf(CausalTraceRequest request)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var noise in request.Noise)
            StudyIdentity.Add(hash, noise);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static ImmutableArray<int> SubjectOf(StudyPrompt prompt, int number) =>
        prompt.Positions.TryGetValue(CausalTraceRequest.Subject, out var positions)
            ? positions.All(position => position >= 0 && position < prompt.Length)
                ? positions
                : throw new InterventionException(
                    $"The subject's positions [{string.Join(", ", positions)}] are not all in a prompt of "
                        + $"{prompt.Length} tokens."
                )
            : throw new InterventionException($"Prompt {number + 1} has no subject, which the noise is for.");
}
