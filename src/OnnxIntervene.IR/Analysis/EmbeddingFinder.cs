namespace OnnxIntervene.IR.Analysis;

/// <summary>Finds the token embedding: the matrix that a Gather reads rows of by token ids.</summary>
internal static class EmbeddingFinder
{
    private const int LongestChain = 4;

    public static TensorData? Find(Value tokens, int depth = 0)
    {
        foreach (var use in tokens.Uses)
        {
            if (
                use.Node.Operator.OperatorType == "Gather"
                && use.InputIndex == 1
                && use.Node.Inputs[0] is { Initializer: { Dimensions.Length: 2 } matrix }
                && matrix.ElementType.IsFloat()
            )
                return matrix;
            if (use.Node.Operator is (OperatorKey.Microsoft, "GatherBlockQuantized") && use.InputIndex == 1)
                return QuantizedRows.Read(use.Node);

            // Exporters flatten or convert the ids first.
            if (
                depth < LongestChain
                && use.InputIndex == 0
                && use.Node.Operator.OperatorType is ("Reshape" or "Cast" or "Identity")
                && Find(use.Node.Output, depth + 1) is { } found
            )
                return found;
        }

        return null;
    }
}
