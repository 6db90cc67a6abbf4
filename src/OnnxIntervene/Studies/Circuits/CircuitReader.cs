using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Studies.Lens;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Studies.Reading;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Circuits;

/// <summary>
/// Reads what each node adds to the stream in the runs of prompts. Owns leases of sessions; dispose it before the
/// model.
/// </summary>
internal sealed class CircuitReader : IDisposable
{
    private readonly LoadedModel _model;
    private readonly CircuitSites _sites;
    private readonly ComponentReader _reader;
    private readonly List<HeadSplit> _splits = [];

    public CircuitReader(LoadedModel model, CircuitSites sites)
    {
        (_model, _sites) = (model, sites);
        _reader = new ComponentReader(model, sites.Read, readsLogits: true);
        try
        {
            for (var layer = 0; layer < sites.Graph.Layers; layer++)
                _splits.Add(HeadSplit.Open(model, layer)!);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Reads prompts, and hands on what each one's two runs hold.</summary>
    public void Read(
        ImmutableArray<StudyPrompt> prompts,
        Action<int, PromptStreams> receive,
        CancellationToken cancellation
    ) =>
        _reader.ReadPairs(
            prompts,
            pair => receive(pair.Prompt, Streams(prompts[pair.Prompt], pair, cancellation)),
            cancellation
        );

    /// <summary>What a layer's heads add, <c>[head][position × width]</c>, without the bias.</summary>
    public float[][] HeadsOf(int layer, NumericArray mixedValues, CancellationToken cancellation) =>
        _splits[layer].SplitAll(mixedValues, cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        _reader.Dispose();
        foreach (var split in _splits)
            split.Dispose();
    }

    private PromptStreams Streams(StudyPrompt prompt, PromptPair pair, CancellationToken cancellation)
    {
        var (sent, other) = (Sent(pair.Clean, cancellation), Sent(pair.Corrupt, cancellation));
        return new PromptStreams(
            prompt,
            [.. pair.Logits(prompt, _model.Model.Graph.Outputs[0].Name)],
            _sites.Read.Zip(pair.Clean.Values).ToImmutableDictionary(pair => pair.First, pair => pair.Second),
            sent,
            [.. other.Zip(sent, (one, less) => PromptStreams.Less(one, less))]
        );
    }

    // In the order of the graph's senders.
    private ImmutableArray<float[]> Sent(PromptReading reading, CancellationToken cancellation)
    {
        var sent = ImmutableArray.CreateBuilder<float[]>();
        sent.Add(ValuesOf(reading, CircuitSites.Embedding).Floats.ToArray());
        for (var layer = 0; layer < _sites.Graph.Layers; layer++)
        {
            sent.AddRange(HeadsOf(layer, ValuesOf(reading, CircuitSites.MixedValues(layer)), cancellation));
            sent.Add(ValuesOf(reading, CircuitSites.FeedForward(layer)).Floats.ToArray());
        }

        return sent.ToImmutable();
    }

    private NumericArray ValuesOf(PromptReading reading, ComponentAddress address) =>
        reading.Values[_sites.Read.IndexOf(address)];
}
