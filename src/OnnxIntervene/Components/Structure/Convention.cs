using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>
/// What a family's modules include, which decides what names mean where the arithmetic is the same (pyvene, models/).
/// </summary>
/// <param name="IncludesResidual">
/// Whether a sub-layer's output includes the residual and what norm follows it, and its input is the stream itself
/// (BERT, ESM, BLIP).
/// </param>
/// <param name="ActivationIsBefore">Whether <c>mlp_activation</c> is what the activation function reads (BLIP).</param>
internal sealed record Convention(bool IncludesResidual, bool ActivationIsBefore)
{
    public static Convention Of(Stack stack, LinearLayers layers, ModuleTree modules)
    {
        var includesResidual =
            SaidByNames(stack, layers, modules) ?? (stack.IsPostNorm || ScalesBeforeRotation(stack, layers));
        // A post-norm text encoder that attends to another encoder of the same file is BLIP's.
        var looksAcross = stack.IsPostNorm && stack.Layers.Any(layer => layer.Any(part => part.IsCross));
        return new Convention(includesResidual, looksAcross);
    }

    // Where names tell which module adds, they decide: inside the module that also projects, or outside of it.
    // DistilBERT is BERT's arithmetic with the addition outside.
    private static bool? SaidByNames(Stack stack, LinearLayers layers, ModuleTree modules)
    {
        if (
            stack
                .Layers.SelectMany(layer => layer)
                .FirstOrDefault(part => part is { Core: not null, IsCross: false, Addition: not null })
                is not { } part
            || layers.ProjectionOf(part.Core!.Query) is not { } queries
        )
            return null;
        var (query, addition) = (modules.PathOf(queries.Layer.Product), modules.PathOf(part.Addition!));
        var output = layers.NearestBefore(part.Part) is { } projection ? modules.PathOf(projection.Product) : "";
        if (query.Length == 0 || addition.Length == 0 || output.Length == 0)
            return null;
        var module = ModuleTree.Common(query, output);
        return module.Length == 0 ? null : modules.IsInside(part.Addition!, module);
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
