using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Runtime;
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
    private readonly List<AddedPart> _attentions = [];
    private readonly List<AddedPart> _feedForwards = [];

    public CircuitReader(LoadedModel model, CircuitSites sites)
    {
        (_model, _sites) = (model, sites);
        _reader = new ComponentReader(model, sites.Read, readsLogits: true);
        try
        {
            for (var layer = 0; layer < sites.Graph.Layers; layer++)
            {
                _splits.Add(HeadSplit.Open(model, layer)!);
                _attentions.Add(AddedPart.Open(model, sites.AttentionOf(layer)));
                _feedForwards.Add(AddedPart.Open(model, sites.FeedForwardOf(layer)));
            }
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
    /// <param name="prompt">What the model is run on.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="mixed">The heads' mixed values, <c>[position, head × head width]</c>.</param>
    /// <param name="output">
    /// What the attention outputs, <c>[position, width]</c>; null where that is added as it is.
    /// </param>
    /// <param name="cancellation">Ends the runs early.</param>
    public float[][] HeadsOf(
        ModelInputs prompt,
        int layer,
        NumericArray mixed,
        NumericArray? output,
        CancellationToken cancellation
    ) =>
        _attentions[layer]
            .Of(
                prompt,
                _splits[layer].SplitAll(mixed, cancellation),
                output?.FloatMemory ?? default,
                mixed.Shape[0],
                cancellation
            );

    /// <summary>What a layer's feed-forward adds, <c>[position × width]</c>.</summary>
    /// <param name="prompt">What the model is run on.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="output">What it outputs, <c>[position, width]</c>.</param>
    /// <param name="cancellation">Ends the run early.</param>
    public float[] FeedForwardOf(ModelInputs prompt, int layer, NumericArray output, CancellationToken cancellation) =>
        _feedForwards[layer].Of(prompt, output.FloatMemory, output.Shape[0], cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        _reader.Dispose();
        foreach (var owned in _splits.Concat<IDisposable>(_attentions).Concat(_feedForwards))
            owned.Dispose();
    }

    private PromptStreams Streams(StudyPrompt prompt, PromptPair pair, CancellationToken cancellation)
    {
        var sent = Sent(prompt.Inputs, pair.Clean, cancellation);
        var other = Sent(prompt.Corrupt!, pair.Corrupt, cancellation);
        return new PromptStreams(
            prompt,
            [.. pair.Logits(prompt, _model.Model.Graph.Outputs[0].Name)],
            _sites.Read.Zip(pair.Clean.Values).ToImmutableDictionary(pair => pair.First, pair => pair.Second),
            sent,
            [.. other.Zip(sent, (one, less) => PromptStreams.Less(one, less))]
        );
    }

    // In the order of the graph's senders.
    private ImmutableArray<float[]> Sent(ModelInputs inputs, PromptReading reading, CancellationToken cancellation)
    {
        var sent = ImmutableArray.CreateBuilder<float[]>();
        sent.Add(ValuesOf(reading, CircuitSites.Embedding).Floats.ToArray());
        for (var layer = 0; layer < _sites.Graph.Layers; layer++)
        {
            var mixed = ValuesOf(reading, CircuitSites.MixedValues(layer));
            var output = _sites.Outputs(layer).Select(site => ValuesOf(reading, site)).FirstOrDefault();
            sent.AddRange(HeadsOf(inputs, layer, mixed, output, cancellation));
            var feedForward = ValuesOf(reading, CircuitSites.FeedForward(layer));
            sent.Add(FeedForwardOf(inputs, layer, feedForward, cancellation));
        }

        return sent.ToImmutable();
    }

    private NumericArray ValuesOf(PromptReading reading, ComponentAddress address) =>
        reading.Values[_sites.Read.IndexOf(address)];
}
