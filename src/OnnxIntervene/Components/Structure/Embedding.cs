using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>What a stack's first stream is made of.</summary>
internal static class Embedding
{
    /// <summary>
    /// How many embeddings BERT and its kin add: of tokens, positions and segments. Others that normalise after each
    /// sub-layer have no segments (DistilBERT, BART, the first GPT, OPT-350m).
    /// </summary>
    public const int OfSegments = 3;

    // A norm, a dropout, a mask and a projection may stand between.
    private const int LongestChain = 32;
    private const int MostLooked = 4096;

    /// <summary>How many terms the embedding is the sum of, biases not counted.</summary>
    public static int Terms(Value stream)
    {
        var value = stream;
        for (var depth = 0; depth < LongestChain; depth++)
        {
            value = Norms.InputOf(value) ?? Dataflow.FlatRoot(value);
            if (value.Producer is not { } producer)
                return 1;
            if (producer.Operator is (OperatorKey.Microsoft, "EmbedLayerNormalization"))
                return producer.InputOrNull(4) is null ? OfSegments - 1 : OfSegments;
            if (producer.Operator.OperatorType == "Add" && producer.Inputs.OfType<Value>().Count(IsTerm) > 1)
                return Leaves(value);
            if (Dataflow.DataInputs(producer).FirstOrDefault() is not { } before)
                return 1;
            value = before;
        }

        return 1;
    }

    /// <summary>
    /// Whether a convolution cuts a picture into what the value is computed from. O(nodes before it).
    /// </summary>
    public static bool IsOfPicture(Value value)
    {
        var seen = new HashSet<Value>();
        var open = new Stack<Value>([value]);
        while (open.TryPop(out var at) && seen.Count < MostLooked)
        {
            if (!seen.Add(at) || at.Producer is not { } producer)
                continue;
            if (
                producer.Operator.OperatorType == "Conv"
                && producer.InputOrNull(1) is { } kernel
                && GraphConstants.Dimensions(kernel) is { Length: 4 }
            )
                return true;
            foreach (var input in Dataflow.DataInputs(producer))
                open.Push(input);
        }

        return false;
    }

    private static int Leaves(Value sum)
    {
        var (count, seen) = (0, 0);
        var open = new Stack<Value>([sum]);
        while (open.TryPop(out var value) && seen++ < LongestChain)
        {
            value = Dataflow.FlatRoot(value);
            if (value.Producer is { Operator.OperatorType: "Add" } addition && !GraphConstants.IsConstant(value))
            {
                foreach (var input in addition.Inputs.OfType<Value>().Where(IsTerm))
                    open.Push(input);
            }
            else
                count++;
        }

        return count;
    }

    // A bias is one number for each entry of the width.
    private static bool IsTerm(Value value) =>
        !GraphConstants.IsConstant(value) || GraphConstants.Dimensions(value) is not { Length: <= 1 };
}
