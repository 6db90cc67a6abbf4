using OnnxIntervene.IR;

namespace OnnxIntervene.Components.Structure;

/// <summary>What a family's modules take in, which decides what names mean where the arithmetic is the same (pyvene, models/).</summary>
/// <param name="IncludesResidual">
/// Whether a sub-layer's output includes the residual and what norm follows it, and its input is the stream itself (BERT, ESM, BLIP).
/// </param>
/// <param name="ActivationIsBefore">Whether <c>mlp_activation</c> is what the activation function reads (BLIP).</param>
internal sealed record Convention(bool IncludesResidual, bool ActivationIsBefore)
{
    public static Convention Of(Stack stack, LinearLayers layers)
    {
        var includesResidual = stack.IsPostNorm || ScalesBeforeRotation(stack, layers);
        // A post-norm encoder of text that looks at another encoder of the same file is BLIP's.
        var looksAcross = stack.IsPostNorm && stack.Layers.Any(layer => layer.Any(part => part.IsCross));
        return new Convention(includesResidual, looksAcross);
    }

    // ESM alone divides queries by the root of the head's width before it rotates them.
    private static bool ScalesBeforeRotation(Stack stack, LinearLayers layers) => stack.Layers
        .SelectMany(layer => layer)
        .Where(part => part is { Core: { IsFused: false }, IsCross: false })
        .Any(part => Projection.Behind(part.Core!.Query, layers) is { } queries && queries.Path.Any(IsScaledAndRotated));

    private static bool IsScaledAndRotated(Value value) =>
        value.Producer is { Operator.OperatorType: "Mul" or "Div" } scale
        && scale.Inputs.OfType<Value>().Any(GraphConstants.IsConstant)
        && value.Uses.Any(use => use.Node.Operator.OperatorType is "Slice" or "Split");
}
