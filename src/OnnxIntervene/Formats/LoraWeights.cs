using OnnxIntervene.Tensors;

namespace OnnxIntervene.Formats;

/// <summary>What LoRA adds to the output of one linear module: <c>y + scale · B A x</c>.</summary>
/// <param name="Module">The module's path in the model, such as <c>model.layers.2.self_attn.q_proj</c>.</param>
/// <param name="Layer">The layer: the first number in the path. Null where there is none.</param>
/// <param name="A"><c>[rank, inputs]</c>.</param>
/// <param name="B"><c>[outputs, rank]</c>.</param>
/// <param name="Scale">alpha / rank, or alpha / √rank with rank-stabilised scaling.</param>
public sealed record LoraWeights(string Module, int? Layer, NumericArray A, NumericArray B, double Scale)
{
    /// <summary>The last part of the path, such as <c>q_proj</c>.</summary>
    public string Target => Module[(Module.LastIndexOf('.') + 1)..];
}
