using System.Collections.Immutable;
using System.Numerics.Tensors;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Studies.Lens;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Circuits;

/// <summary>
/// Runs a model with some of its edges patched: each input reads a stream of its own, the clean run's with what the
/// senders now add, or where the edge is cut, with what they add in the corrupt run. Layer by layer, as real runs of
/// the model's own parts. Owns leases of sessions.
/// </summary>
internal sealed class CircuitRuns : IDisposable
{
    private readonly CircuitSites _sites;
    private readonly CircuitReader _reader;
    private readonly List<ReadingPart> _projections = [];
    private readonly List<ReadingPart> _attentions = [];
    private readonly List<ReadingPart> _feedForwards = [];
    private readonly LensHead _head;

    /// <param name="model">The model.</param>
    /// <param name="sites">Its nodes.</param>
    /// <param name="reader">Splits what heads add; stays the caller's.</param>
    public CircuitRuns(LoadedModel model, CircuitSites sites, CircuitReader reader)
    {
        (_sites, _reader) = (sites, reader);
        _head = LensHead.Open(model);
        try
        {
            for (var layer = 0; layer < sites.Graph.Layers; layer++)
            {
                var (before, inputs) = (CircuitSites.Before(layer), CircuitSites.Projections(layer));
                _projections.Add(ReadingPart.Open(model, before, [], inputs));
                _attentions.Add(
                    ReadingPart.Open(model, before, inputs, [CircuitSites.MixedValues(layer), .. sites.Outputs(layer)])
                );
                _feedForwards.Add(ReadingPart.Open(model, sites.Middle(layer), [], [CircuitSites.FeedForward(layer)]));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The logits where the metric is measured.</summary>
    /// <param name="streams">What the prompt's two runs hold.</param>
    /// <param name="isKept">For each edge, whether it carries what its sender now adds.</param>
    /// <param name="cancellation">Ends the run early.</param>
    public float[] Logits(PromptStreams streams, ReadOnlySpan<bool> isKept, CancellationToken cancellation)
    {
        var graph = _sites.Graph;
        var changes = new float[graph.Senders.Length][];
        changes[0] = new float[streams.Sent[0].Length];
        for (var layer = 0; layer < graph.Layers; layer++)
        {
            var mixed = Attention(streams, layer, changes, isKept, cancellation);
            var heads = _reader.HeadsOf(
                streams.Prompt.Inputs,
                layer,
                mixed[0].Row(0),
                mixed.Length > 1 ? mixed[1].Row(0) : null,
                cancellation
            );
            for (var head = 0; head < graph.Heads; head++)
                Change(graph.SenderOf(layer, head), heads[head]);
            var middle = Stream(streams, graph.ReceiverOf(layer), _sites.Middle(layer), changes, isKept);
            var output = _feedForwards[layer].Run(streams.Prompt.Inputs, Single(streams, middle), [], cancellation)[0];
            Change(
                graph.SenderOf(layer, graph.Heads),
                _reader.FeedForwardOf(streams.Prompt.Inputs, layer, output.Row(0), cancellation)
            );
        }

        var last = Stream(streams, graph.LogitsReceiver, _sites.Last, changes, isKept);
        float[] logits = [];
        _head.Each(
            Single(streams, last),
            [streams.Prompt.MeasuredPosition],
            (_, _, found) => logits = found.ToArray(),
            cancellation
        );
        return logits;

        void Change(int sender, ReadOnlySpan<float> sent) =>
            changes[sender] = PromptStreams.Less(sent, streams.Sent[sender]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _head.Dispose();
        foreach (var part in _projections.Concat(_attentions).Concat(_feedForwards))
            part.Dispose();
    }

    // What each head's query, key and value are, each of a stream of its own, and what the heads make of these: the
    // mixed values, and what is output where that is not added as it is.
    private ImmutableArray<NumericArray> Attention(
        PromptStreams streams,
        int layer,
        float[][] changes,
        ReadOnlySpan<bool> isKept,
        CancellationToken cancellation
    )
    {
        var (graph, site) = (_sites.Graph, CircuitSites.Before(layer));
        var size = streams.Sent[0].Length;
        var rows = new float[graph.Inputs.Length * size];
        for (var input = 0; input < graph.Inputs.Length; input++)
            Stream(streams, graph.ReceiverOf(layer, input), site, changes, isKept).CopyTo(rows, input * size);
        var read = _projections[layer]
            .Run(
                streams.Prompt.Inputs,
                NumericArray.Of(rows, rows.Length / size, streams.Length, size / streams.Length),
                [],
                cancellation
            );
        return _attentions[layer]
            .Run(
                streams.Prompt.Inputs,
                Single(streams, streams.Clean[site].FloatMemory),
                [.. read.Select((values, kind) => OwnHeads(values, [.. RowsOf((HeadInput)kind)]))],
                cancellation
            );
    }

    // The rows of the inputs of a kind, head by head.
    private IEnumerable<int> RowsOf(HeadInput kind) =>
        Enumerable.Range(0, _sites.Graph.Inputs.Length).Where(input => _sites.Graph.Inputs[input].Input == kind);

    // Of each row the one head whose row it is.
    private static ReadOnlyMemory<float> OwnHeads(NumericArray values, int[] rows)
    {
        var (length, heads) = (values.Shape[1], rows.Length);
        var width = values.Shape[2] / heads;
        var own = new float[length * heads * width];
        for (var head = 0; head < heads; head++)
        {
            var row = values.Row(rows[head]).Floats;
            for (var position = 0; position < length; position++)
            {
                var place = ((position * heads) + head) * width;
                row.Slice(place, width).CopyTo(own.AsSpan(place));
            }
        }

        return own;
    }

    private float[] Stream(
        PromptStreams streams,
        int receiver,
        ComponentAddress site,
        float[][] changes,
        ReadOnlySpan<bool> isKept
    )
    {
        var stream = streams.Clean[site].Floats.ToArray();
        var first = _sites.Graph.FirstEdge(receiver);
        for (var sender = 0; sender < _sites.Graph.Receivers[receiver].Senders; sender++)
            TensorPrimitives.Add(
                stream,
                isKept[first + sender] ? changes[sender] : streams.Differences[sender],
                stream
            );
        return stream;
    }

    private static NumericArray Single(PromptStreams streams, ReadOnlyMemory<float> stream) =>
        NumericArray.Of(stream, 1, streams.Length, stream.Length / streams.Length);
}
