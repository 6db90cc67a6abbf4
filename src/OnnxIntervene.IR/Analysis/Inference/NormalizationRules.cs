using static OnnxIntervene.IR.Analysis.Inference.RuleTable;

namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>Norms, those fused with the addition before them among them.</summary>
internal static class NormalizationRules
{
    // The sum before the norm; mean and deviation come between.
    private const int SumOutput = 3;

    public static void AddTo(RuleTable table)
    {
        // The scale's type is the output's where the two differ.
        table.Add(First(Like(0), Statistics), Layer, "LayerNormalization");
        table.Add(First(Like(1), Statistics), Layer, "SimplifiedLayerNormalization");
        table.Add(First(Like(1), Statistics), Layer, "RMSNormalization");
        table.Add(Like(0), ElementwiseRules.LikeFirst, "InstanceNormalization", "GroupNormalization", "LRN");
        table.Add(Like(0), ElementwiseRules.LikeFirst, "LpNormalization", "MeanVarianceNormalization");
        table.Add(First(Like(0), Like(3)), Batch, "BatchNormalization");
        table.AddMicrosoft(First(Like(0), Statistics), Layer, "LayerNormalization", "SimplifiedLayerNormalization");
        table.AddMicrosoft(
            (node, output) => output is 1 or 2 ? ElementType.Float32 : Like(0, 1)(node, output),
            Skip,
            "SkipLayerNormalization",
            "SkipSimplifiedLayerNormalization"
        );
        table.AddMicrosoft(Like(0), ElementwiseRules.LikeFirst, "GroupNorm", "SkipGroupNorm");
        table.AddMicrosoft(
            (node, output) => output == 1 ? ElementType.Int32 : Like(2)(node, output),
            Embedding,
            "EmbedLayerNormalization"
        );
    }

    // Mean and deviation are computed in the type that stash_type names.
    private static TypeOrigin Statistics(Node node, int output) =>
        (ElementType)(node.FindAttribute("stash_type")?.Integer ?? (long)ElementType.Float32);

    private static TensorFacts Layer(NodeFacts node, int output) =>
        output == 0 ? new TensorFacts(node.Axes(0)) : PerRow(node, node.Integer("axis", -1));

    private static TensorFacts PerRow(NodeFacts node, long axis) =>
        node.Axes(0) is { } axes && NodeFacts.Place(axis, axes.Length) is { } first
            ? TensorFacts.Of([.. axes.Select((size, place) => place < first ? size : Quantity.Of(1))])
            : TensorFacts.Unknown;

    private static TensorFacts Batch(NodeFacts node, int output) => new(node.Axes(output == 0 ? 0 : 3));

    private static TensorFacts Skip(NodeFacts node, int output) =>
        output is 0 or SumOutput ? new TensorFacts(node.Axes(0)) : PerRow(node, -1);

    // Besides the embeddings, how many tokens each example has.
    private static TensorFacts Embedding(NodeFacts node, int output)
    {
        var (batch, length) = (node.Axis(0, 0), node.Axis(0, 1));
        return output == 1 ? TensorFacts.Of(batch) : TensorFacts.Of(batch, length, node.Axis(2, -1));
    }
}
