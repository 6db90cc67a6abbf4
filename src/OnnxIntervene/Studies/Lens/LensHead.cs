using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Lens;

/// <summary>
/// What a model computes after its last layer, its final norm and its unembedding, as a session of its own. Owns the
/// session's lease.
/// </summary>
internal sealed class LensHead : IDisposable
{
    private const int MostTokens = 1 << 18;

    private readonly int _vocabulary;

    private LensHead(CutPart part, string output, int vocabulary) =>
        (Part, Output, _vocabulary) = (part, output, vocabulary);

    /// <summary>The part of the model.</summary>
    public CutPart Part { get; }

    /// <summary>The name of the model's output.</summary>
    public string Output { get; }

    /// <summary>Cuts the head off.</summary>
    /// <exception cref="InterventionException">The model cannot be cut after its last layer.</exception>
    public static LensHead Open(LoadedModel model, ComponentAddress? before = null)
    {
        var output = model.Model.Graph.Outputs[0].Name;
        var last = LensStreams.Last(model.Components);
        try
        {
            var vocabulary = model.Components.Limits.Vocabulary ?? MostTokens;
            return new LensHead(CutPart.Open(model, last, before, [output]), output, (int)vocabulary);
        }
        catch (Exception fault) when (fault is InterventionException or ExecutionException)
        {
            throw new InterventionException(
                $"The model cannot be cut after its last layer, at {last}, which the lens needs. {fault.Message}",
                fault
            );
        }
    }

    /// <summary>
    /// Computes the logits of streams of one prompt, <c>[stream, position, width]</c>, at chosen positions, and hands
    /// them on one by one, so that no more are in memory than a run computes. Where the head's numbers depend on what
    /// is computed beside them (one scale for all), each stream is run as the model runs it: alone, at all positions.
    /// </summary>
    public void Each(NumericArray streams, IReadOnlyList<int> chosen, LensRead read, CancellationToken cancellation)
    {
        if (!Part.MixesRows)
        {
            Part.RunEach(
                Chosen(streams, chosen),
                _vocabulary,
                (place, outputs) => read(place / chosen.Count, place % chosen.Count, outputs[0].Span),
                cancellation
            );
            return;
        }

        for (var stream = 0; stream < streams.Shape[0]; stream++)
        {
            var logits = Part.RunExample(streams.Row(stream), cancellation)[0];
            for (var column = 0; column < chosen.Count; column++)
                read(stream, column, logits.Row(chosen[column]).Floats);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Part.Dispose();

    private static NumericArray Chosen(NumericArray streams, IReadOnlyList<int> chosen)
    {
        var width = streams.Shape[2];
        var rows = new float[streams.Shape[0] * chosen.Count * width];
        var next = rows.AsSpan();
        for (var stream = 0; stream < streams.Shape[0]; stream++)
        {
            foreach (var position in chosen)
            {
                streams.Row(stream).Row(position).Floats.CopyTo(next);
                next = next[width..];
            }
        }

        return NumericArray.Of(rows, streams.Shape[0] * chosen.Count, width);
    }
}

/// <summary>Gets the logits of one stream at one of the chosen positions.</summary>
internal delegate void LensRead(int stream, int column, ReadOnlySpan<float> logits);
