namespace OnnxIntervene.IR.Editing;

/// <summary>
/// Makes a model output the logits of chosen tokens only, by choosing columns of the vocabulary's matrix before the
/// hidden states are multiplied with it.
/// </summary>
internal static class ChosenTokens
{
    /// <summary>
    /// Why the output cannot be computed for chosen tokens only: null when it can. It must be a product with a constant
    /// matrix, with a bias or without, and after that operators that act on each number alone.
    /// </summary>
    public static string? FindObstacle(Value output)
    {
        ArgumentNullException.ThrowIfNull(output);
        return Find(output).Obstacle;
    }

    /// <summary>
    /// Changes the model so that the output is <c>[…, chosen]</c>, and returns the new input that chooses: int64
    /// <c>[chosen]</c>, numbers of tokens.
    /// </summary>
    /// <exception cref="InterventionException">
    /// There is an obstacle (see <see cref="FindObstacle"/>); the model is as it was.
    /// </exception>
    public static Value Gather(Model model, Value output)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(output);
        var (steps, obstacle) = Find(output);
        if (obstacle is not null)
            throw new InterventionException(
                $"'{output.Name}' cannot be computed for chosen tokens only: {obstacle}. Take all of it."
            );
        var ops = new OpBuilder(model.Graph, NameScope.Of(model), model.OperatorSetVersion, "tokens");
        var count = Dimension.Named("chosen_tokens");
        var tokens = model.Graph.AddInput(
            ops.Names.Unique("tokens"),
            new TensorType(ElementType.Int64, Shape.Of(count))
        );
        foreach (var (node, chosen) in steps)
        {
            foreach (var (input, axis) in chosen)
                node.SetInput(input, ops.Gather(node.Inputs[input]!, tokens, axis));
            if (node.Output.Type is { Shape: { Rank: > 0 } shape } type)
                node.Output.Type = type with { Shape = new Shape([.. shape.Dimensions[..^1], count]) };
        }

        GraphOrder.Sort(model.Graph);
        return tokens;
    }

    // From the output up to the product: each node, and which of its inputs have an axis of tokens.
    private static (List<(Node Node, (int Input, int Axis)[] Chosen)> Steps, string? Obstacle) Find(Value output)
    {
        var steps = new List<(Node, (int, int)[])>();
        for (var value = output; ; )
        {
            if (value.Uses.Count > (value == output ? 0 : 1))
                return ([], $"{value} is read by others");
            if (value.Producer is not { } node)
                return ([], $"no product with a constant matrix comes before {value}");
            if (Product(node) is { } product)
            {
                steps.Add((node, product));
                return (steps, null);
            }

            if (!ActsOnEach(node))
                return ([], $"{node} is not known to act on each token alone");
            steps.Add((node, []));
            value = node.Inputs[0]!;
        }
    }

    // The constants of a product that have an axis of tokens; null for another node.
    private static (int Input, int Axis)[]? Product(Node node)
    {
        if (node.Inputs.Count < 2 || !HasRank(node.Inputs[1], 2))
            return null;
        if (node.Operator.OperatorType == "MatMul")
            return [(1, 1)];
        if (node.Operator.OperatorType != "Gemm")
            return null;
        var weights = (1, node.FindAttribute("transB")?.Integer == 1 ? 0 : 1);
        if (node.InputOrNull(2) is not { } bias)
            return [weights];
        return HasRank(bias, 1) && bias.Initializer!.Count > 1 ? [weights, (2, 0)] : null;
    }

    private static bool HasRank(Value? value, int rank) => value?.Initializer?.Dimensions.Length == rank;

    private static bool ActsOnEach(Node node) =>
        node.Operator.OperatorType switch
        {
            "Cast" or "Identity" or "Tanh" => true,
            "Mul" or "Div" => node.Inputs[1] is { Initializer.Count: 1 },
            _ => false,
        };
}
