using System.Numerics.Tensors;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training;

/// <summary>The gradients of one step, summed over its batches.</summary>
internal sealed class GradientSum
{
    // torch.nn.utils.clip_grad_norm_ divides by the norm and this.
    private const double ClipEpsilon = 1e-6;

    /// <summary>The sums, one for each trained array.</summary>
    public List<float[]> Sums { get; } = [];

    /// <summary>How many batches are in them.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a batch's gradients, each times a factor.</summary>
    public void Add(IReadOnlyList<NumericArray> gradients, float factor)
    {
        for (var index = 0; index < gradients.Count; index++)
        {
            if (Sums.Count == index)
                Sums.Add(new float[gradients[index].Length]);
            TensorPrimitives.MultiplyAdd(gradients[index].Floats, factor, Sums[index], Sums[index]);
        }

        Count++;
    }

    /// <summary>
    /// The Euclidean norm of all gradients together; larger ones than the limit are scaled down to it.
    /// </summary>
    public double Limit(double? largest)
    {
        var norm = Math.Sqrt(Sums.Sum(sum => (double)TensorPrimitives.SumOfSquares<float>(sum)));
        if (largest is { } limit && limit / (norm + ClipEpsilon) is var factor && factor < 1)
        {
            foreach (var sum in Sums)
                TensorPrimitives.Multiply(sum, (float)factor, sum);
        }

        return norm;
    }

    /// <summary>Begins with nothing.</summary>
    public void Clear()
    {
        Sums.Clear();
        Count = 0;
    }

    /// <summary>Begins with the sums of an earlier process.</summary>
    public void Restore(IEnumerable<float[]> sums, int count)
    {
        Clear();
        Sums.AddRange(sums);
        Count = count;
    }
}
