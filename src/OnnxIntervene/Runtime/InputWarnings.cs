using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Runtime;

/// <summary>What a model takes, but may compute something else from than the user means.</summary>
internal static class InputWarnings
{
    /// <summary>What may not be meant in some inputs, in words; nothing where all is well.</summary>
    public static ImmutableArray<string> Of(ModelInputs inputs, ComponentMap components) =>
        IsPaddedOnTheLeft(inputs) && CountsEveryToken(components)
            ?
            [
                "a text is padded on the left, and the model has no input 'position_ids': it counts the padding among "
                    + "the positions, so unless its positions are relative the text gets other logits than alone. "
                    + "Pad on the right.",
            ]
            : [];

    // A table of positions, and neither an input for them nor a running count of the tokens that the mask keeps.
    private static bool CountsEveryToken(ComponentMap components) =>
        components.Limits.Context is not null
        && !components.PositionsCountKeptTokens
        && components.Model.Graph.AllNodes().All(node => node.Operator.OperatorType != "CumSum")
        && components.Model.Graph.Inputs.All(input => input.Name != PositionInput.Name);

    private static bool IsPaddedOnTheLeft(ModelInputs inputs)
    {
        if (
            !inputs.Arrays.TryGetValue(InputFiller.Mask, out var mask)
            || mask is not { IsInteger: true, Shape: [var rows, > 0] }
        )
            return false;
        return Enumerable
            .Range(0, rows)
            .Any(row => mask.Row(row).Integers is var marks && marks[0] == 0 && marks.Contains(1));
    }
}
