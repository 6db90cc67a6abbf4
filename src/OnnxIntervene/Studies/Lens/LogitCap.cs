using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Studies.Lens;

/// <summary>
/// Finds the cap that some models (Gemma 2) put on logits: cap · tanh(x / cap), which is not linear.
/// </summary>
internal static class LogitCap
{
    /// <summary>The logits before the cap; null where there is none.</summary>
    public static Value? Before(Value logits)
    {
        var value = Unscaled(logits);
        return value.Producer is { Operator.OperatorType: "Tanh" } cap ? Unscaled(cap.Inputs[0]!) : null;
    }

    private static Value Unscaled(Value value)
    {
        for (var depth = 0; depth < Dataflow.LongestChain; depth++)
        {
            value = Dataflow.Root(value);
            if (value.Producer is not { } producer || Dataflow.ScaledInput(producer) is not { } scaled)
                return value;
            value = producer.Inputs[scaled]!;
        }

        return value;
    }
}
