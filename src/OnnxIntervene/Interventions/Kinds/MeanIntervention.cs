using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>Mean ablation: an average, collected beforehand, in place of x.</summary>
public sealed record MeanIntervention : Intervention
{
    private const string ArrayName = "mean";

    internal static InterventionType Kind { get; } =
        new("Mean", rows => rows.Choose(rows.Source!, rows.Base))
        {
            Source = KindSource.Constant,
            Affine = inputs => AffineForm.Replacing(inputs, inputs.Source!),
            IsPyvenes = false,
            Parameters = [new(ArrayName, Shape: null)],
            Create = arrays => new MeanIntervention(arrays[ArrayName]),
        };

    /// <summary>Creates the intervention.</summary>
    /// <param name="mean">The average, <c>[width]</c>, or one for each unit, <c>[units, width]</c>.</param>
    public MeanIntervention(NumericArray mean)
        : base(Kind, default, (ArrayName, mean)) { }

    /// <summary>The intervention whose average is that of what Collect interventions read.</summary>
    /// <param name="collected">Arrays whose last axis is a unit's width; every unit counts the same.</param>
    /// <exception cref="InterventionException">There are none, or their widths differ.</exception>
    public static MeanIntervention Of(params IReadOnlyList<NumericArray> collected)
    {
        ArgumentNullException.ThrowIfNull(collected);
        if (collected.Count == 0)
            throw new InterventionException("A mean needs at least one collected array.");
        var width = collected[0].Shape[^1];
        var sums = new double[width];
        var count = 0L;
        foreach (var array in collected)
        {
            if (array.Shape[^1] != width)
                throw new InterventionException(
                    $"{collected[0]} and {array} have no mean: they are {width} and {array.Shape[^1]} wide."
                );
            for (var index = 0; index < array.Length; index++)
                sums[index % width] += array.Floats[index];
            count += array.Length / width;
        }

        return new MeanIntervention(NumericArray.Of(Array.ConvertAll(sums, sum => (float)(sum / count)), width));
    }

    /// <inheritdoc/>
    public override NumericArray? Source(int units, int width) => Parameters[ArrayName];
}

public sealed partial class InterventionType
{
    /// <summary>An average in place of x, in S: mean ablation.</summary>
    public static InterventionType Mean => MeanIntervention.Kind;
}
