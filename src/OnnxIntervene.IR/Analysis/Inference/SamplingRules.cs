using static OnnxIntervene.IR.Analysis.Inference.RuleTable;

namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>Operators that sample images and signals, and those whose outputs hold no floating point.</summary>
internal static class SamplingRules
{
    public static void AddTo(RuleTable table)
    {
        table.Add(Like(0), Regions, "RoiAlign", "MaxRoiPool");
        table.Add(Like(0), Grid, "GridSample");
        table.Add(Like(0), LikeRank, "DeformConv", "MaxUnpool", "CenterCropPad", "DFT");
        table.Add(Like(0), ElementwiseRules.LikeFirst, "TensorScatter");
        table.Add(Always(ElementType.Int64), (_, _) => TensorFacts.OfRank(2), "NonMaxSuppression");
        table.Add(Always(ElementType.Float32), LikeRank, "TfIdfVectorizer");
        table.Add(Always(ElementType.Text), LikeRank, "StringNormalizer", "StringConcat");
        table.Add(Always(ElementType.Bool), LikeRank, "RegexFullMatch");
        table.Add(Always(ElementType.UInt8), (_, _) => TensorFacts.OfRank(3), "ImageDecoder");
    }

    private static TensorFacts LikeRank(NodeFacts node, int output) =>
        node.Axes(0) is { } axes ? TensorFacts.OfRank(axes.Length) : TensorFacts.Unknown;

    // [region, channel, height, width]
    private static TensorFacts Regions(NodeFacts node, int output) =>
        TensorFacts.Of(Quantity.Unknown, node.Axis(0, 1), Quantity.Unknown, Quantity.Unknown);

    // [batch, channel, …] at the points of the grid.
    private static TensorFacts Grid(NodeFacts node, int output) =>
        node.Axes(0) is { Length: > 2 } axes && node.Axes(1) is { } points && points.Length == axes.Length
            ? TensorFacts.Of([axes[0], axes[1], .. points[1..^1]])
            : LikeRank(node, output);
}
