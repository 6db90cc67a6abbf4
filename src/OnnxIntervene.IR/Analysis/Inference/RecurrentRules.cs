using static OnnxIntervene.IR.Analysis.Inference.RuleTable;

namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>Recurrent operators: all states, and the last ones.</summary>
internal static class RecurrentRules
{
    public static void AddTo(RuleTable table) => table.Add(Like(0, 1), States, "GRU", "LSTM", "RNN");

    private static TensorFacts States(NodeFacts node, int output)
    {
        var isBatchFirst = node.Integer("layout", 0) != 0;
        var (steps, batch) = (node.Axis(0, isBatchFirst ? 1 : 0), node.Axis(0, isBatchFirst ? 0 : 1));
        var directions = Quantity.Of(node.Node.FindAttribute("direction") is { Text: "bidirectional" } ? 2 : 1);
        var width = node.Integer("hidden_size", 0) is > 0 and var given ? Quantity.Of(given) : node.Axis(2, -1);
        if (output > 0)
            return isBatchFirst ? TensorFacts.Of(batch, directions, width) : TensorFacts.Of(directions, batch, width);
        return isBatchFirst
            ? TensorFacts.Of(batch, steps, directions, width)
            : TensorFacts.Of(steps, directions, batch, width);
    }
}
