using System.Numerics.Tensors;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Lens;

/// <summary>
/// Splits what an attention outputs into what each head adds: the projection, as a session of its own, is run on each
/// head's values with zeros in place of the others, less its run on zeros alone (the bias). Exact for any linear
/// projection. Owns the session's lease.
/// </summary>
internal sealed class HeadSplit : IDisposable
{
    private const double Tolerance = 1e-3;

    private readonly CutPart _part;

    private HeadSplit(CutPart part, ComponentAddress values, ComponentAddress output, int heads) =>
        (_part, Values, Output, Heads) = (part, values, output, heads);

    /// <summary>What the projection reads.</summary>
    public ComponentAddress Values { get; }

    /// <summary>What it outputs.</summary>
    public ComponentAddress Output { get; }

    /// <summary>How many heads there are.</summary>
    public int Heads { get; }

    /// <summary>Cuts the projection of a layer out; null where the layer has no attention.</summary>
    /// <exception cref="InterventionException">
    /// The heads' values are not found, or the model cannot be cut there.
    /// </exception>
    public static HeadSplit? Open(LoadedModel model, int layer)
    {
        var output = new ComponentAddress(layer, ComponentNames.AttentionOutput);
        if (model.Components.Components.All(component => component.Address != output))
            return null;
        var values = new ComponentAddress(layer, ComponentNames.AttentionValueOutput);
        var heads = model.Components.Get(layer, ComponentNames.HeadPrefix + ComponentNames.AttentionValueOutput).Heads;
        try
        {
            return new HeadSplit(CutPart.Open(model, values, output, []), values, output, heads);
        }
        catch (ExecutionException fault)
        {
            throw new InterventionException(
                $"The projection of layer {layer} cannot be cut out. {fault.Message}",
                fault
            );
        }
    }

    /// <summary>What each head adds to an output, and last what the bias adds, <c>[head + 1, width]</c>.</summary>
    /// <param name="values">The heads' values at a position.</param>
    /// <param name="output">The attention's output there.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    /// <exception cref="InterventionException">The projection is not linear.</exception>
    public float[][] Split(ReadOnlySpan<float> values, ReadOnlySpan<float> output, CancellationToken cancellation)
    {
        var width = values.Length / Heads;
        var rows = new float[(Heads + 1) * values.Length];
        for (var head = 0; head < Heads; head++)
            values.Slice(head * width, width).CopyTo(rows.AsSpan((head * values.Length) + (head * width)));
        var parts = new float[Heads + 1][];
        _part.RunEach(
            NumericArray.Of(rows, Heads + 1, values.Length),
            output.Length,
            (row, outputs) => parts[row] = outputs[^1].ToArray(),
            cancellation
        );
        for (var head = 0; head < Heads; head++)
            TensorPrimitives.Subtract(parts[head], parts[Heads], parts[head]);
        RequireSum(parts, output);
        return parts;
    }

    /// <summary>What each head adds at every position, <c>[head][position × width]</c>; the bias is left out.</summary>
    /// <param name="values">The heads' values, <c>[position, head × head width]</c>.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    public float[][] SplitAll(NumericArray values, CancellationToken cancellation)
    {
        var (positions, all) = (values.Shape[0], values.Shape[1]);
        var width = all / Heads;
        var rows = new float[((positions * Heads) + 1) * all];
        for (var row = 0; row < positions * Heads; row++)
        {
            var (position, head) = Math.DivRem(row, Heads);
            values
                .Floats.Slice((position * all) + (head * width), width)
                .CopyTo(rows.AsSpan((row * all) + (head * width)));
        }

        var outputs = new ReadOnlyMemory<float>[(positions * Heads) + 1];
        _part.RunEach(
            NumericArray.Of(rows, outputs.Length, all),
            all,
            (row, output) => outputs[row] = output[^1].ToArray(),
            cancellation
        );
        var parts = Enumerable.Range(0, Heads).Select(_ => new float[positions * outputs[^1].Length]).ToArray();
        for (var row = 0; row < positions * Heads; row++)
        {
            var (position, head) = Math.DivRem(row, Heads);
            var bias = outputs[^1].Span;
            TensorPrimitives.Subtract(outputs[row].Span, bias, parts[head].AsSpan(position * bias.Length));
        }

        return parts;
    }

    /// <inheritdoc/>
    public void Dispose() => _part.Dispose();

    private void RequireSum(float[][] parts, ReadOnlySpan<float> output)
    {
        if (StreamSum.Distance(parts, output) is var distance && !(distance <= Tolerance))
            throw new InterventionException(
                $"What the heads of layer {Output.Layer} add does not sum to {Output} (difference {distance:G2} of it, "
                    + $"at most {Tolerance} is allowed): the projection is not linear. Activations that are quantised "
                    + "are such a case."
            );
    }
}
