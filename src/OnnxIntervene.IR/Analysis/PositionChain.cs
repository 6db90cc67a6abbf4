using System.Collections.Immutable;

namespace OnnxIntervene.IR.Analysis;

/// <summary>
/// The nodes from a hidden state <c>[batch, position, width]</c> to an output <c>[batch, position, vocabulary]</c>,
/// each of which acts on every position alone; the matrix of the vocabulary is among them.
/// </summary>
/// <param name="Start">The hidden state, which others may read too.</param>
/// <param name="Steps">
/// The nodes, the output's first, each with the index of the input that the chain passes through.
/// </param>
internal sealed record PositionChain(Value Start, ImmutableArray<(Node Node, int Input)> Steps)
{
    /// <summary>The chain, or why there is none.</summary>
    public static (PositionChain? Chain, string Obstacle) Find(Model model, Value output)
    {
        var rules = new PositionWise(model.OperatorSetVersion);
        if (rules.RankOf(output) is not 3 and var rank)
            return (null, $"{output} has {(rank is { } known ? known : "an unknown number of")} axes, not 3");
        var steps = ImmutableArray.CreateBuilder<(Node Node, int Input)>();
        var (value, isFlat) = (output, false);
        while (isFlat || !steps.Any(step => PositionWise.IsProjection(step.Node)))
        {
            if (Reader(model, value, output) is { } reader)
                return (null, $"{value} is also read by {reader}");
            if (value.Producer is not { } node || node.Graph != model.Graph)
                return (null, $"no multiplication with a vocabulary matrix comes before {value}");
            var flattens = rules.IsFlattening(node, isFlat);
            var input = flattens ? 0 : rules.PositionsInput(node, value, isFlat);
            if (input < 0)
                return (null, $"{node} is not known to act on each position alone");
            steps.Add((node, input));
            (value, isFlat) = (node.Inputs[input]!, isFlat != flattens);
        }

        return (new PositionChain(value, steps.ToImmutable()), "");
    }

    // Any other reader of a value of the chain needs it at every position.
    private static string? Reader(Model model, Value value, Value output)
    {
        var own = value == output ? 0 : 1;
        if (value.Uses.Count > own)
            return value.Uses[own].Node.ToString();
        return value != output && model.Graph.Outputs.Contains(value) ? "the caller" : null;
    }
}
