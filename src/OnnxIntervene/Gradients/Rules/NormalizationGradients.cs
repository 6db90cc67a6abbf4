using System.Collections.Immutable;
using OnnxIntervene.IR;
using static OnnxIntervene.Gradients.Rules.GradientRule;

namespace OnnxIntervene.Gradients.Rules;

/// <summary>
/// Norms over the last axes. The statistics are computed again, not taken from the operator's further outputs: an
/// operator whose statistics are read is no longer fused.
/// </summary>
internal static class NormalizationGradients
{
    /// <summary>The rules, one an operator.</summary>
    public static IEnumerable<GradientRule> All =>
        [
            Of("LayerNormalization", step => Norm(step, isCentred: true)),
            Of("SimplifiedLayerNormalization", step => Norm(step, isCentred: false)),
            Of("RMSNormalization", step => Norm(step, isCentred: false)),
        ];

    // n = (x - μ) / σ and y = n s + b: dx = (dn - mean(dn) - n mean(dn n)) / σ with dn = dy s; without the means of x
    // and dn where the norm does not centre.
    private static ImmutableArray<Value?> Norm(GradientStep step, bool isCentred)
    {
        var axes = Axes(step);
        var centred = isCentred ? step.Ops.Sub(step.X, step.Mean(step.X, axes)) : step.X;
        var variance = step.Mean(step.Ops.Mul(centred, centred), axes);
        var epsilon = step.Number(step.Float("epsilon", 1e-5f));
        var scale = step.Apply("Reciprocal", step.Apply("Sqrt", step.Ops.Add(variance, epsilon)));
        var normal = step.Ops.Mul(centred, scale);
        var gradients = ImmutableArray.CreateBuilder<Value?>();
        gradients.Add(step.Needs(0) ? step.Ops.Mul(OfInput(step, normal, axes, isCentred), scale) : null);
        gradients.Add(step.Needs(1) ? step.SumTo(step.Ops.Mul(step.Dy, normal), step.Node.Inputs[1]!) : null);
        if (step.Node.Inputs.Count > 2)
            gradients.Add(step.Needs(2) ? step.SumTo(step.Dy, step.Node.Inputs[2]!) : null);
        return gradients.ToImmutable();
    }

    private static Value OfInput(GradientStep step, Value normal, long[] axes, bool isCentred)
    {
        var dn = step.Ops.Mul(step.Dy, step.Node.Inputs[1]!);
        var along = step.Ops.Mul(normal, step.Mean(step.Ops.Mul(dn, normal), axes));
        return step.Ops.Sub(isCentred ? step.Ops.Sub(dn, step.Mean(dn, axes)) : dn, along);
    }

    private static long[] Axes(GradientStep step)
    {
        var axis = step.Integer("axis", -1);
        var count = axis < 0 ? -axis : step.RankOf(step.X) - axis;
        return [.. Enumerable.Range(1, (int)count).Select(number => (long)-number)];
    }
}
