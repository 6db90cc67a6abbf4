using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Execution.Results;

/// <summary>What the scores of classes are, and how they become probabilities.</summary>
public enum OutputScale
{
    /// <summary>Logits of classes that exclude each other: their softmax.</summary>
    Logits,

    /// <summary>One logit, of which a softmax would always be 1: its sigmoid.</summary>
    SingleLogit,

    /// <summary>Probabilities already.</summary>
    Probabilities,
}

/// <summary>Tells probabilities from logits.</summary>
internal static class OutputScales
{
    private const float Tolerance = 1e-3f;

    // What changes neither numbers nor their order along the classes.
    private static readonly string[] s_passing = ["Identity", "Cast", "Reshape", "Squeeze", "Unsqueeze", "Flatten"];

    public static OutputScale Of(Model model, string output, NumericArray scores)
    {
        var value = model.Graph.Outputs.FirstOrDefault(known => known.Name == output);
        if (EndsInProbabilities(value) || AreShares(scores))
            return OutputScale.Probabilities;
        return scores.Shape[^1] == 1 ? OutputScale.SingleLogit : OutputScale.Logits;
    }

    private static bool EndsInProbabilities(Value? value)
    {
        var node = value?.Producer;
        while (node is not null && s_passing.Contains(node.Operator.Name) && node.Inputs[0] is { } input)
            node = input.Producer;
        return node is not null && node.Operator.Name is "Softmax" or "Sigmoid";
    }

    // Classifiers of trees and of kernels say by no operator's name what they output.
    private static bool AreShares(NumericArray scores)
    {
        var width = scores.Shape[^1];
        if (width < 2 || scores.IsInteger || scores.Length == 0)
            return false;
        for (var start = 0; start < scores.Length; start += width)
        {
            var row = scores.Floats.Slice(start, width);
            var sum = 0f;
            foreach (var share in row)
                sum += share >= 0 ? share : float.NaN;
            if (!(MathF.Abs(sum - 1) <= Tolerance))
                return false;
        }

        return true;
    }
}
