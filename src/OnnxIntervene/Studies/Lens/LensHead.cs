using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Lens;

/// <summary>
/// What a model computes after its last layer, its final norm and its unembedding, as a session of its own. Owns the
/// session's lease.
/// </summary>
internal sealed class LensHead : IDisposable
{
    private const int MostTokens = 1 << 18;

    private readonly string _output;
    private int _vocabulary;

    private LensHead(CutPart part, string output, int vocabulary)
    {
        (Part, _output, _vocabulary) = (part, output, vocabulary);
    }

    /// <summary>The part of the model.</summary>
    public CutPart Part { get; }

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
    /// The logits of streams of one prompt, <c>[stream, position, width]</c>, at chosen positions: <c>[stream × chosen,
    /// vocabulary]</c>. Where the head's numbers depend on what is computed beside them (one scale for all), each
    /// stream is run as the model runs it: alone, at all positions.
    /// </summary>
    public NumericArray Logits(NumericArray streams, IReadOnlyList<int> chosen, CancellationToken cancellation)
    {
        var rows = new List<NumericArray>();
        if (Part.MixesRows)
        {
            for (var stream = 0; stream < streams.Shape[0]; stream++)
            {
                var logits = Part.RunExample(streams.Row(stream), cancellation)[0];
                rows.AddRange(chosen.Select(position => logits.Row(position)));
            }
        }
        else
        {
            Part.RunEach(
                Chosen(streams, chosen),
                _vocabulary,
                (_, outputs) => rows.Add(Kept(outputs[0])),
                cancellation
            );
        }

        return Joined(rows);
    }

    /// <inheritdoc/>
    public void Dispose() => Part.Dispose();

    // How many tokens there are is known after the first run.
    private NumericArray Kept(ReadOnlyMemory<float> logits)
    {
        _vocabulary = logits.Length;
        return NumericArray.Of(logits, logits.Length);
    }

    private NumericArray Joined(List<NumericArray> rows)
    {
        var logits = NumericArray.Joined([.. rows.Select(row => row.Reshape(1, row.Length))]);
        AnswerLogits.Require(logits.Reshape(1, logits.Shape[0], logits.Shape[1]), _output);
        return logits;
    }

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
