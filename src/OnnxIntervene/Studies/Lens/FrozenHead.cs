using System.Numerics.Tensors;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Lens;

/// <summary>
/// A model's head with the scale of its final norm held fixed, which makes it linear. Nothing is read from the graph: a
/// norm divides by a deviation that depends on a vector's length alone, so that vectors of one length are mapped
/// linearly, and the head itself, run on one such vector along each dimension, gives the map's columns. Other streams
/// differ from these by one factor, which is measured on all their logits.
/// </summary>
internal sealed class FrozenHead
{
    private const double Tolerance = 1e-3;

    private readonly CutPart _part;
    private readonly float[] _constant;
    private readonly double _deviation;
    private readonly bool _isCentred;
    private readonly Dictionary<int, float[]> _directions;

    private FrozenHead(CutPart part, float[] constant, double deviation, bool isCentred)
    {
        (_part, _constant, _deviation, _isCentred) = (part, constant, deviation, isCentred);
        _directions = [];
    }

    /// <summary>Measures the head.</summary>
    /// <param name="part">The head; its last output is linear in what its norm outputs.</param>
    /// <param name="stream">A stream as the model has it, whose deviation the map is measured at.</param>
    /// <param name="tokens">The tokens whose logits are wanted.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    public static FrozenHead Measure(
        CutPart part,
        ReadOnlySpan<float> stream,
        IReadOnlyCollection<int> tokens,
        CancellationToken cancellation
    )
    {
        var constant = Run(part, new float[part.Width], cancellation);
        var own = Run(part, stream, cancellation);
        var shifted = Add(stream, (float)Deviation(stream, isCentred: false));
        var isCentred = Distance(Run(part, shifted, cancellation), own) <= Tolerance * Distance(own, constant);
        var head = new FrozenHead(part, constant, Deviation(stream, isCentred), isCentred);
        head.MeasureDirections(tokens, cancellation);
        return head;
    }

    /// <summary>The logit of a token where the stream is nothing: the biases.</summary>
    public double ConstantOf(int token) => _constant[token];

    /// <summary>The map at one stream's own scale.</summary>
    /// <exception cref="InterventionException">The head is no norm with a linear map after it.</exception>
    public FrozenScale At(ReadOnlySpan<float> stream, CancellationToken cancellation)
    {
        var ratio = _deviation / Deviation(stream, _isCentred);
        var scaled = new float[stream.Length];
        TensorPrimitives.Multiply(stream, (float)ratio, scaled);
        var logits = Run(_part, stream, cancellation);
        var (own, reference) = (Less(logits, _constant), Less(Run(_part, scaled, cancellation), _constant));
        var factor = Dot(own, reference) / Dot(reference, reference);
        var explained = new float[own.Length];
        TensorPrimitives.Multiply(reference, (float)factor, explained);
        var rest = Distance(own, explained) / Math.Sqrt(Dot(own, own));
        return rest <= Tolerance
            ? new FrozenScale(this, factor * ratio, logits)
            : throw new InterventionException(
                "What the model computes after its last layer is no norm with a linear map after it: a longer stream "
                    + $"gives other logits (difference {rest:G2} of them, at most {Tolerance} is allowed). Logits have "
                    + "no direct attribution there; activations that are quantised are such a case, and an export in "
                    + "floating point is none."
            );
    }

    /// <summary>
    /// The direction whose product with a vector is a token's logit, at the scale of the measurement.
    /// </summary>
    public ReadOnlySpan<float> DirectionOf(int token) => _directions[token];

    private void MeasureDirections(IReadOnlyCollection<int> tokens, CancellationToken cancellation)
    {
        var width = _part.Width;
        foreach (var token in tokens)
            _directions[token] = new float[width];
        var unit = new float[width];
        unit[0] = 1;
        var length = _deviation / Deviation(unit, _isCentred);
        foreach (var dimensions in Enumerable.Range(0, width).Chunk(256))
        {
            var rows = new float[dimensions.Length * width];
            for (var row = 0; row < dimensions.Length; row++)
                rows[(row * width) + dimensions[row]] = (float)length;
            _part.RunEach(
                NumericArray.Of(rows, dimensions.Length, width),
                _constant.Length,
                (row, outputs) => Keep(dimensions[row], outputs[^1].Span, length),
                cancellation
            );
        }
    }

    private void Keep(int dimension, ReadOnlySpan<float> logits, double length)
    {
        foreach (var (token, direction) in _directions)
            direction[dimension] = (float)((logits[token] - (double)_constant[token]) / length);
    }

    private static float[] Run(CutPart part, ReadOnlySpan<float> stream, CancellationToken cancellation)
    {
        float[] logits = [];
        part.RunEach(
            NumericArray.Of(stream.ToArray(), 1, stream.Length),
            1,
            (_, outputs) => logits = outputs[^1].ToArray(),
            cancellation
        );
        return logits;
    }

    // The root mean square, of what is left of the mean where the norm takes that away.
    private static double Deviation(ReadOnlySpan<float> vector, bool isCentred)
    {
        var (sum, squares) = (0.0, 0.0);
        foreach (var number in vector)
            (sum, squares) = (sum + number, squares + ((double)number * number));
        var mean = isCentred ? sum / vector.Length : 0;
        return Math.Sqrt((squares / vector.Length) - (mean * mean));
    }

    private static float[] Add(ReadOnlySpan<float> vector, float number)
    {
        var sum = new float[vector.Length];
        TensorPrimitives.Add(vector, number, sum);
        return sum;
    }

    private static float[] Less(ReadOnlySpan<float> one, ReadOnlySpan<float> other)
    {
        var difference = new float[one.Length];
        TensorPrimitives.Subtract(one, other, difference);
        return difference;
    }

    private static double Distance(ReadOnlySpan<float> one, ReadOnlySpan<float> other)
    {
        var difference = Less(one, other);
        return Math.Sqrt(Dot(difference, difference));
    }

    internal static double Dot(ReadOnlySpan<float> one, ReadOnlySpan<float> other)
    {
        var sum = 0.0;
        for (var index = 0; index < one.Length; index++)
            sum += (double)one[index] * other[index];
        return sum;
    }
}

/// <summary>The head's map at the scale that one run's norm had.</summary>
/// <param name="Head">The map.</param>
/// <param name="Factor">What it is multiplied by.</param>
/// <param name="Logits">The run's own logits, before a cap on them.</param>
internal sealed record FrozenScale(FrozenHead Head, double Factor, float[] Logits)
{
    /// <summary>What a part of the stream adds to a token's logit.</summary>
    public double Of(int token, ReadOnlySpan<float> part) => Factor * FrozenHead.Dot(Head.DirectionOf(token), part);
}
