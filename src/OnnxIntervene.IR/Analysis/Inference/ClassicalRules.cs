using static OnnxIntervene.IR.Analysis.Inference.RuleTable;

namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>
/// Operators of classical machine learning (<c>ai.onnx.ml</c>): linear models, trees, kernels, scaling.
/// </summary>
internal static class ClassicalRules
{
    private const string Domain = "ai.onnx.ml";

    private static readonly string[] s_classifiers = ["LinearClassifier", "TreeEnsembleClassifier", "SVMClassifier"];

    public static void AddTo(RuleTable table)
    {
        table.AddOther(Domain, Always(ElementType.Float32), ElementwiseRules.LikeFirst, "Scaler", "Normalizer");
        table.AddOther(Domain, Like(0), ElementwiseRules.LikeFirst, "Imputer", "Binarizer");
        table.AddOther(Domain, First(Label, Always(ElementType.Float32)), Scores, s_classifiers);
        table.AddOther(
            Domain,
            Always(ElementType.Float32),
            (node, _) => TensorFacts.Of(node.Axis(0, 0), Quantity.Unknown),
            "LinearRegressor",
            "TreeEnsembleRegressor",
            "SVMRegressor",
            "FeatureVectorizer"
        );
    }

    // Labels are named by one attribute or the other.
    private static TypeOrigin Label(Node node, int output) =>
        node.Attributes.Any(attribute => attribute.Name.StartsWith("classlabels_int", StringComparison.Ordinal))
            ? ElementType.Int64
            : ElementType.Text;

    // A label for each example, and its scores.
    private static TensorFacts Scores(NodeFacts node, int output) =>
        output == 0 ? TensorFacts.Of(node.Axis(0, 0)) : TensorFacts.Of(node.Axis(0, 0), Quantity.Unknown);
}
