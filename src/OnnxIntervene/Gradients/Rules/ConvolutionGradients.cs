using System.Collections.Immutable;
using OnnxIntervene.IR;
using static OnnxIntervene.Gradients.Rules.GradientRule;

namespace OnnxIntervene.Gradients.Rules;

/// <summary>Convolution, whose transpose is an operator of its own.</summary>
internal static class ConvolutionGradients
{
    /// <summary>The rules, one an operator.</summary>
    public static IEnumerable<GradientRule> All => [Of("Conv", Conv)];

    private static ImmutableArray<Value?> Conv(GradientStep step)
    {
        if (step.Needs(1))
            throw step.Refusal("the gradient of its weights has no rule");
        if (step.Node.FindAttribute("auto_pad")?.Text is not (null or "NOTSET" or "VALID"))
            throw step.Refusal("its padding depends on the input's size ('auto_pad')");
        if (step.Node.FindAttribute("strides") is { Integers: var strides } && strides.Any(stride => stride != 1))
            throw step.Refusal("it takes steps of more than one position, which has no rule");
        var gradients = ImmutableArray.CreateBuilder<Value?>();
        var settings = step.Node.Attributes.Where(setting => setting.Name != "auto_pad");
        gradients.Add(step.Needs(0) ? step.Ops.Emit("ConvTranspose", [step.Dy, step.Node.Inputs[1]], settings) : null);
        gradients.Add(null);
        if (step.Node.Inputs.Count > 2)
            gradients.Add(step.Needs(2) ? OfBias(step) : null);
        return gradients.ToImmutable();
    }

    private static Value OfBias(GradientStep step)
    {
        var axes = Enumerable.Range(0, step.RankOf(step.Y)).Where(axis => axis != 1).Select(axis => (long)axis);
        return step.ReshapeLike(step.Sum(step.Dy, [.. axes]), step.Node.Inputs[2]!);
    }
}
