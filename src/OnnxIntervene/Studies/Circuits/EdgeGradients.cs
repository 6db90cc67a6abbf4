using System.Numerics.Tensors;
using OnnxIntervene.Execution;
using OnnxIntervene.Gradients;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Attribution;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Circuits;

/// <summary>
/// The gradient of a metric by the stream as each input alone reads it: one run back through the whole model gives the
/// gradients after the projections, and each reader's own part, its norm and its projection, is gone back from there
/// alone. Owns sessions.
/// </summary>
internal sealed class EdgeGradients : IDisposable
{
    private const int MostRows = 16;

    private readonly CircuitSites _sites;
    private readonly Metric _metric;
    private readonly int _steps;
    private readonly int _mostRows;
    private readonly List<IDisposable> _owned = [];
    private readonly GradientSession _whole;
    private readonly List<StreamPullback> _attentions = [];
    private readonly List<StreamPullback> _feedForwards = [];

    /// <param name="model">The model.</param>
    /// <param name="sites">Its nodes.</param>
    /// <param name="metric">The metric.</param>
    /// <param name="steps">How many points gradients are averaged over; 0 for the clean run alone.</param>
    /// <param name="prompt">A prompt of the study.</param>
    public EdgeGradients(LoadedModel model, CircuitSites sites, Metric metric, int steps, StudyPrompt prompt)
    {
        (_sites, _metric, _steps) = (sites, metric, steps);
        _mostRows = RowMixing.FindNode(model.Model) is null ? MostRows : 1;
        var layers = Enumerable.Range(0, sites.Graph.Layers).ToList();
        try
        {
            _whole = Own(
                GradientSession.Open(
                    model,
                    MetricLoss.Of(metric, prompt, [], 1),
                    new GradientTargets
                    {
                        Components =
                        [
                            .. layers.SelectMany(layer => CircuitSites.Projections(layer)),
                            .. layers.Select(CircuitSites.FeedForward),
                            sites.Last,
                        ],
                        Moved = steps > 0 ? [CircuitSites.Embedding] : [],
                        Read = [.. layers.Select(CircuitSites.Before).Concat(layers.Select(sites.Middle)).Distinct()],
                    }
                )
            );
            foreach (var layer in layers)
            {
                var (before, middle) = (CircuitSites.Before(layer), sites.Middle(layer));
                _attentions.Add(Own(StreamPullback.Open(model, before, CircuitSites.Projections(layer))));
                _feedForwards.Add(Own(StreamPullback.Open(model, middle, [CircuitSites.FeedForward(layer)])));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>For each receiver the gradient, <c>[position × width]</c>, a mean where there are steps.</summary>
    public float[][] Of(PromptStreams streams, CancellationToken cancellation)
    {
        var size = streams.Differences[0].Length;
        var gradients = _sites.Graph.Receivers.Select(_ => new float[size]).ToArray();
        if (_steps == 0)
        {
            var loss = MetricLoss.Of(_metric, streams.Prompt, streams.Logits[0], 1);
            Add(gradients, streams, _whole.Run(streams.Prompt.Inputs, loss, cancellation), 0, 1, cancellation);
            return gradients;
        }

        for (var first = 0; first < _steps; first += _mostRows)
        {
            var rows = Math.Min(_mostRows, _steps - first);
            var result = _whole.RunMoved(
                streams.Prompt.Inputs.Repeat(rows),
                MetricLoss.Of(_metric, streams.Prompt, streams.Logits[0], rows),
                [Way(streams, first, rows)],
                cancellation
            );
            for (var row = 0; row < rows; row++)
                Add(gradients, streams, result, row, (float)rows / _steps, cancellation);
        }

        return gradients;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var owned in _owned)
            owned.Dispose();
    }

    private T Own<T>(T session)
        where T : IDisposable
    {
        _owned.Add(session);
        return session;
    }

    // Embeddings on the way to those of the corrupt prompt.
    private NumericArray Way(PromptStreams streams, int first, int rows)
    {
        var difference = streams.Differences[0];
        return NumericArray.Of(
            IntegrationPath.Points(difference, first, rows, _steps),
            rows,
            streams.Length,
            difference.Length / streams.Length
        );
    }

    private void Add(
        float[][] gradients,
        PromptStreams streams,
        GradientResult result,
        int row,
        float weight,
        CancellationToken cancellation
    )
    {
        var graph = _sites.Graph;
        for (var layer = 0; layer < graph.Layers; layer++)
        {
            AddAttention(gradients, streams, result, layer, row, weight, cancellation);
            var own = _feedForwards[layer]
                .Run(
                    streams.Prompt.Inputs,
                    Single(result.Values[_sites.Middle(layer)].Row(row)),
                    [Single(result.Components[CircuitSites.FeedForward(layer)].Row(row))],
                    cancellation
                );
            Add(gradients[graph.ReceiverOf(layer)], own.Floats, weight);
        }

        Add(gradients[graph.LogitsReceiver], result.Components[_sites.Last].Row(row).Floats, weight);
    }

    // Each head's query, key and value are a row, with the gradients of all others left out.
    private void AddAttention(
        float[][] gradients,
        PromptStreams streams,
        GradientResult result,
        int layer,
        int row,
        float weight,
        CancellationToken cancellation
    )
    {
        var (graph, rows) = (_sites.Graph, _sites.Graph.Inputs.Length);
        var seeds = CircuitSites
            .Projections(layer)
            .Select((site, kind) => Seeds(result.Components[site].Row(row), (HeadInput)kind))
            .ToList();
        var stream = result.Values[CircuitSites.Before(layer)].Row(row);
        var pulled = _attentions[layer]
            .Run(
                streams.Prompt.Inputs.Repeat(rows),
                NumericArray.Joined([.. Enumerable.Repeat(Single(stream), rows)]),
                seeds,
                cancellation
            );
        for (var input = 0; input < rows; input++)
            Add(gradients[graph.ReceiverOf(layer, input)], pulled.Row(input).Floats, weight);
    }

    // A row for each input of the layer, in which those of this kind have the gradient of their own head.
    private NumericArray Seeds(NumericArray gradient, HeadInput kind)
    {
        var inputs = _sites.Graph.Inputs;
        var (heads, length, width) = (gradient.Shape[0], gradient.Shape[1], gradient.Shape[2]);
        var seed = new float[inputs.Length * gradient.Length];
        for (var input = 0; input < inputs.Length; input++)
        {
            if (inputs[input].Input != kind)
                continue;
            var head = inputs[input].Number;
            for (var position = 0; position < length; position++)
                gradient
                    .Floats.Slice(((head * length) + position) * width, width)
                    .CopyTo(seed.AsSpan((input * gradient.Length) + (((position * heads) + head) * width)));
        }

        return NumericArray.Of(seed, inputs.Length, length, heads, width);
    }

    private static NumericArray Single(NumericArray row) => row.Reshape([1, .. row.Shape]);

    private static void Add(float[] sum, ReadOnlySpan<float> gradient, float weight) =>
        TensorPrimitives.MultiplyAdd(gradient, weight, sum, sum);
}
