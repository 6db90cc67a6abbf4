using OnnxIntervene.IR;

namespace OnnxIntervene.Components.Structure;

/// <summary>Recognises attention that hides what comes after a position, by what its mask is computed with.</summary>
internal static class CausalMask
{
    private const int MostLooked = 400;
    private static readonly string[] s_flags = ["unidirectional", "is_causal"];

    /// <summary>Whether positions are compared, or a triangle is cut out, before the softmax.</summary>
    public static bool IsIn(AttentionCore core)
    {
        if (core.Probabilities is not { } probabilities)
            return s_flags.Any(name =>
                core.Node.FindAttribute(name) is { Kind: AttributeKind.Integer, Integer: not 0 }
            );
        var seen = new HashSet<Value>();
        var open = new Queue<Value>([probabilities]);
        while (open.TryDequeue(out var value) && seen.Count < MostLooked)
        {
            if (!seen.Add(value) || value.Producer is not { } producer)
                continue;
            if (producer.Operator.OperatorType is "Trilu" or "Less" or "LessOrEqual" or "Greater" or "GreaterOrEqual")
                return true;
            if (AttentionFinder.IsProduct(producer))
                continue;
            foreach (var input in producer.Inputs.OfType<Value>())
                open.Enqueue(input);
        }

        return false;
    }
}
