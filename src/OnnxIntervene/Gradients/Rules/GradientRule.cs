using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.Gradients.Rules;

/// <summary>How the gradient of one operator's outputs becomes that of its inputs.</summary>
/// <param name="Operator">The operator.</param>
/// <param name="Backward">
/// Writes the gradient of each input, null where there is none, so that zero and forgotten differ; null for an operator
/// that passes no gradient on to any input.
/// </param>
internal sealed record GradientRule(OperatorKey Operator, Func<GradientStep, ImmutableArray<Value?>>? Backward)
{
    /// <summary>The rule of a standard operator.</summary>
    public static GradientRule Of(string operatorType, Func<GradientStep, ImmutableArray<Value?>>? backward) =>
        new(new OperatorKey("", operatorType), backward);
}
