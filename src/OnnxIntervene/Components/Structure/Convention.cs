using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>
/// What names mean where families differ (pyvene, models/). The arithmetic alone decides, so that a component is the
/// same tensor whether or not an exporter kept module names, and wherever the node that adds is counted.
/// </summary>
/// <param name="IncludesResidual">
/// Whether a sub-layer's output includes the residual and what norm follows it (BERT and its kin, ESM, BLIP); elsewhere
/// it is what the sub-layer computes for the stream.
/// </param>
/// <param name="InputIsStream">
/// Whether attention's module is given the stream itself, residual and all: ESM's has the norm inside, and BERT's and
/// BLIP's have none before it.
/// </param>
/// <param name="ActivationIsBefore">Whether <c>mlp_activation</c> is what the activation function reads (BLIP).</param>
internal sealed record Convention(bool IncludesResidual, bool InputIsStream, bool ActivationIsBefore)
{
    private static readonly Convention s_usual = new(false, false, false);

    public static Convention Of(Stack stack, LinearLayers layers)
    {
        if (!stack.IsPostNorm)
            return ScalesBeforeRotation(stack, layers) ? new Convention(true, true, false) : s_usual;
        if (LooksAtPictures(stack, layers))
            return new Convention(true, true, true);
        return !LooksAcross(stack) && Embedding.Terms(stack.Layers[0][0].Stream) >= Embedding.OfSegments
            ? new Convention(true, true, false)
            : s_usual;
    }

    private static bool LooksAcross(Stack stack) => stack.Layers.Any(layer => layer.Any(part => part.IsCross));

    // A post-norm text encoder whose keys come from an encoder of pictures in the same file is BLIP's. Decoders that
    // write about pictures hide what follows a token, with a comparison of positions.
    private static bool LooksAtPictures(Stack stack, LinearLayers layers)
    {
        var parts = stack.Layers.SelectMany(layer => layer).ToList();
        return parts.Find(part => part.IsCross) is { Core: { } cross }
            && layers.ProjectionOf(cross.Key) is { } keys
            && Embedding.IsOfPicture(keys.Layer.Input)
            && parts.Find(part => part is { Core: not null, IsCross: false }) is { Core: { } own }
            && !CausalMask.IsIn(own);
    }

    // Only ESM divides queries by the root of the head's width before rotating them.
    private static bool ScalesBeforeRotation(Stack stack, LinearLayers layers) =>
        stack
            .Layers.SelectMany(layer => layer)
            .Where(part => part is { Core: { IsFused: false }, IsCross: false })
            .Any(part => layers.ProjectionOf(part.Core!.Query) is { } queries && queries.Path.Any(IsScaledAndRotated));

    private static bool IsScaledAndRotated(Value value) =>
        value.Producer is { Operator.OperatorType: "Mul" or "Div" } scale
        && scale.Inputs.OfType<Value>().Any(GraphConstants.IsConstant)
        && value.Uses.Any(use => use.Node.Operator.OperatorType is "Slice" or "Split");
}
