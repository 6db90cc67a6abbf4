using System.Collections.Frozen;
using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.Gradients.Rules;

/// <summary>
/// The operators that gradients pass, one entry each. A test walks the table and compares each rule with central
/// differences. Fused operators have no entry: they are opened into these first.
/// </summary>
internal static class GradientTable
{
    private static readonly FrozenDictionary<OperatorKey, GradientRule> s_rules = All.ToFrozenDictionary(rule =>
        rule.Operator
    );

    /// <summary>Every rule.</summary>
    public static ImmutableArray<GradientRule> All =>
        [
            .. ElementwiseGradients.All,
            .. FunctionGradients.All,
            .. ActivationGradients.All,
            .. ProductGradients.All,
            .. ShapeGradients.All,
            .. SelectionGradients.All,
            .. ReductionGradients.All,
            .. NormalizationGradients.All,
            .. ConvolutionGradients.All,
            .. QuantizedGradients.All,
            .. RotationGradients.All,
            .. LossGradients.All,
            // Their slope is 0 wherever there is one. Operators that give no floats need no entry.
            GradientRule.Of("Ceil", null),
            GradientRule.Of("EyeLike", null),
            GradientRule.Of("Floor", null),
            GradientRule.Of("Round", null),
            GradientRule.Of("Sign", null),
        ];

    /// <summary>The rule of a node's operator; null where there is none.</summary>
    public static GradientRule? Of(Node node) => s_rules.GetValueOrDefault(node.Operator);
}
