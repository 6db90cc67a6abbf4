using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Comparing;

/// <summary>A's output on one example, and how far others are from it.</summary>
internal sealed class OutputDistance
{
    private readonly NumericArray _reference;
    private readonly ImmutableArray<int> _positions;
    private readonly float[][] _probabilities;
    private readonly double[] _normalizers;

    /// <param name="reference">
    /// A's output: logits <c>[1, position, vocabulary]</c> or <c>[1, classes]</c>, or others.
    /// </param>
    /// <param name="kept">The positions that count; null for all.</param>
    /// <param name="isDistribution">Whether rows are logits of distributions.</param>
    public OutputDistance(NumericArray reference, bool[]? kept, bool isDistribution)
    {
        _reference = reference;
        var rows = RowCount(reference);
        _positions =
            kept is not null && kept.Length == rows
                ? [.. Enumerable.Range(0, rows).Where(row => kept[row])]
                : [.. Enumerable.Range(0, rows)];
        _normalizers = isDistribution ? [.. _positions.Select(row => LogSoftmax.LogOfSum(Row(reference, row)))] : [];
        _probabilities = isDistribution ? [.. _positions.Select(Probabilities)] : [];
    }

    /// <summary>Adds the outputs' elements at kept positions.</summary>
    public void Add(ErrorSums sums, NumericArray output)
    {
        Require(output, 1);
        foreach (var position in _positions)
            sums.Add(Row(_reference, position), Row(output, position));
    }

    /// <summary>The distance of one row of a batch.</summary>
    public Distance Of(NumericArray outputs, int example, int examples)
    {
        Require(outputs, examples);
        var (first, sums, divergence) = (example * RowCount(_reference), new ErrorSums(), 0.0);
        for (var index = 0; index < _positions.Length; index++)
        {
            var row = Row(outputs, first + _positions[index]);
            sums.Add(Row(_reference, _positions[index]), row);
            if (_probabilities.Length > 0)
                divergence += Divergence(index, row) / _positions.Length;
        }

        return new Distance(divergence, sums.RelativeError * sums.RelativeError);
    }

    // KL(p ‖ q) = Σ p (log p − log q), the logarithms from logits and normalizers in 64 bits: of probabilities that
    // differ in the sixth digit, the divergence is in the twelfth.
    private double Divergence(int index, ReadOnlySpan<float> logits)
    {
        var reference = Row(_reference, _positions[index]);
        var shift = LogSoftmax.LogOfSum(logits) - _normalizers[index];
        var sum = 0.0;
        for (var token = 0; token < logits.Length; token++)
        {
            var probability = _probabilities[index][token];
            if (probability > 0)
                sum += probability * ((double)reference[token] - logits[token] + shift);
        }

        return sum < 0 ? 0 : sum;
    }

    private float[] Probabilities(int position, int index)
    {
        var logits = Row(_reference, position);
        var probabilities = new float[logits.Length];
        for (var token = 0; token < logits.Length; token++)
            probabilities[token] = (float)Math.Exp(logits[token] - _normalizers[index]);
        return probabilities;
    }

    private void Require(NumericArray outputs, int examples)
    {
        if (outputs.Length != (long)_reference.Length * examples || outputs.Shape[^1] != _reference.Shape[^1])
            throw new InterventionException(
                $"The outputs cannot be compared: A's is {_reference}, B's {outputs}. Are they files of one model, "
                    + "with the same inputs and outputs?"
            );
    }

    private static int RowCount(NumericArray output) => output.Shape is [] ? 1 : output.Length / output.Shape[^1];

    private static ReadOnlySpan<float> Row(NumericArray output, int row)
    {
        var width = output.Shape is [.., var last] ? last : 1;
        return output.Floats.Slice(row * width, width);
    }
}
