using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>What a part of the model is run on.</summary>
/// <param name="Tokens">The tokens of the positions that are computed, <c>[row, position]</c>.</param>
/// <param name="Stream">The stream where the part begins; null for the embedding.</param>
internal sealed record SegmentRun(NumericArray Tokens, NumericArray? Stream)
{
    /// <summary>How many positions are in the cache.</summary>
    public int Past { get; init; }

    /// <summary>The keys or values of a layer at the positions before.</summary>
    public Func<int, bool, NumericArray>? PastOf { get; init; }

    /// <summary>Whether the layer's keys and values are wanted.</summary>
    public bool KeepsPresents { get; init; }

    /// <summary>The inputs of a part's session, as far as it has them; masks and positions are filled in.</summary>
    public ModelInputs Inputs(InterventionSession session, ComponentAddress? start)
    {
        var arrays = ImmutableDictionary.CreateBuilder<string, NumericArray>();
        arrays.Add(ModelInputs.TokenInput, Tokens);
        if (start is { } address)
            arrays.Add(session.Spliced.Boundaries[address], Stream!);
        if (Past > 0)
        {
            foreach (var input in session.Spliced.Model.Graph.Inputs)
            {
                if (CacheNames.Find(input.Name) is var (layer, isKey))
                    arrays[input.Name] = PastOf!(layer, isKey);
            }
        }

        return new ModelInputs(arrays.ToImmutable());
    }
}
