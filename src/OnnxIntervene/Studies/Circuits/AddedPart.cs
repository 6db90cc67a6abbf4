using System.Numerics.Tensors;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Lens;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Circuits;

/// <summary>
/// What becomes of a sub-layer's output before it is added to the stream: nothing, or what the model's own norm or
/// factor there makes of it, run on a stream of zeros. Owns the lease of that run's session.
/// </summary>
/// <remarks>
/// A norm divides by a length, so that of vectors of one length it is linear. What a head adds is thus known: its
/// vector, made as long as the whole output, through the norm, and made as much shorter again.
/// </remarks>
internal sealed class AddedPart : IDisposable
{
    private const double Tolerance = 1e-3;

    private readonly ReadingPart? _part;
    private readonly StreamPart _added;

    private AddedPart(ReadingPart? part, StreamPart added) => (_part, _added) = (part, added);

    /// <summary>Opens the part.</summary>
    /// <exception cref="InterventionException">The model cannot be cut there.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the part.</exception>
    public static AddedPart Open(LoadedModel model, StreamPart added) =>
        new(
            added is { Before: { } before, After: { } after }
                ? ReadingPart.Open(model, before, [added.SubLayer], [after])
                : null,
            added
        );

    /// <summary>Whether the output is added as it is.</summary>
    public bool IsPlain => _part is null;

    /// <summary>What is added of an output, <c>[position × width]</c>.</summary>
    /// <param name="prompt">What the model is run on, one row.</param>
    /// <param name="output">The output, in the same shape.</param>
    /// <param name="length">How many positions there are.</param>
    /// <param name="cancellation">Ends the run early.</param>
    public float[] Of(ModelInputs prompt, ReadOnlyMemory<float> output, int length, CancellationToken cancellation) =>
        IsPlain ? output.ToArray() : Run(prompt, output.ToArray(), 1, length, cancellation);

    /// <summary>What is added of each part of an output, <c>[part][position × width]</c>.</summary>
    /// <param name="prompt">What the model is run on, one row.</param>
    /// <param name="parts">The parts, in the same shape.</param>
    /// <param name="output">Their sum as the model has it, in the same shape; not read where it is plain.</param>
    /// <param name="length">How many positions there are.</param>
    /// <param name="cancellation">Ends the run early.</param>
    /// <exception cref="InterventionException">
    /// The parts do not sum to the output, or what they become does not sum to what is added.
    /// </exception>
    public float[][] Of(
        ModelInputs prompt,
        float[][] parts,
        ReadOnlyMemory<float> output,
        int length,
        CancellationToken cancellation
    )
    {
        if (IsPlain)
            return parts;
        RequireSum(parts, output.Span, "its projection adds a bias to what its heads give, or is not linear");
        var (size, width) = (output.Length, output.Length / length);
        var rows = new float[(parts.Length + 1) * size];
        output.CopyTo(rows.AsMemory(parts.Length * size));
        var factors = parts.Select(Lengthened).ToList();
        var added = Run(prompt, rows, parts.Length + 1, length, cancellation);
        var shares = parts.Select((_, row) => Shortened(row)).ToArray();
        RequireSum(
            shares,
            added.AsSpan(parts.Length * size),
            "it is neither scaled by a number nor normalised to its root mean square"
        );
        return shares;

        float[] Lengthened(float[] part, int row)
        {
            var own = new float[length];
            for (var position = 0; position < length; position++)
            {
                var place = position * width;
                var numbers = part.AsSpan(place, width);
                var whole = Length(output.Span.Slice(place, width));
                own[position] = Length(numbers) is > 0 and var shorter ? (float)(whole / shorter) : 0;
                TensorPrimitives.Multiply(numbers, own[position], rows.AsSpan((row * size) + place, width));
            }

            return own;
        }

        float[] Shortened(int row)
        {
            var share = added.AsSpan(row * size, size).ToArray();
            for (var position = 0; position < length; position++)
            {
                var numbers = share.AsSpan(position * width, width);
                if (factors[row][position] == 0)
                    numbers.Clear();
                else
                    TensorPrimitives.Divide(numbers, factors[row][position], numbers);
            }

            return share;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _part?.Dispose();

    private float[] Run(ModelInputs prompt, float[] outputs, int rows, int length, CancellationToken cancellation)
    {
        var streams = NumericArray.Of(new float[outputs.Length], rows, length, outputs.Length / (rows * length));
        return _part!.Run(prompt, streams, [outputs], cancellation)[0].Floats.ToArray();
    }

    private void RequireSum(float[][] parts, ReadOnlySpan<float> whole, string reason)
    {
        if (StreamSum.Distance(parts, whole) is var distance && !(distance <= Tolerance))
            throw new InterventionException(
                $"What single heads add cannot be told of {_added.SubLayer}, which is not added to the stream as it "
                    + $"is: {reason} (difference {distance:G2}, at most {Tolerance} is allowed)."
            );
    }

    private static double Length(ReadOnlySpan<float> vector) => Math.Sqrt(FrozenHead.Dot(vector, vector));
}
