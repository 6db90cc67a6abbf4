using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.IR.Editing;

/// <summary>
/// Makes a model output its logits at chosen positions only, by choosing hidden states before they are multiplied with
/// the vocabulary's matrix, usually the largest product of the model.
/// </summary>
public static class ChosenPositions
{
    /// <summary>The oldest operator set in which each example may choose different positions.</summary>
    public const int OldestForExamples = 12;

    /// <summary>
    /// Why the output cannot be computed at chosen positions only: null when it can. It must be computed from a hidden
    /// state <c>[batch, position, width]</c> by a product with a matrix and by operators that act on each position
    /// alone, and nothing else may read what is between.
    /// </summary>
    public static string? FindObstacle(Model model, Value output)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(output);
        var (chain, obstacle) = PositionChain.Find(model, output);
        return chain is null ? obstacle : null;
    }

    /// <summary>
    /// Changes the model so that the output is <c>[batch, chosen, vocabulary]</c>, and returns the new input that
    /// chooses: int64 <c>[batch, chosen]</c>, a row of positions for each example; before operator set 12
    /// <c>[chosen]</c>, the same for all. Negative positions count from the end. Other outputs stay as they are; nodes
    /// that only computed the old shape stay too, until <see cref="DeadCode.Remove"/>.
    /// </summary>
    /// <exception cref="InterventionException">
    /// There is an obstacle (see <see cref="FindObstacle"/>); the model is as it was.
    /// </exception>
    public static Value Gather(Model model, Value output)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(output);
        var (chain, obstacle) = PositionChain.Find(model, output);
        if (chain is null)
            throw new InterventionException(
                $"'{output.Name}' cannot be computed at chosen positions only: {obstacle}. Take it at all positions."
            );
        var ops = new OpBuilder(model.Graph, NameScope.Of(model), model.OperatorSetVersion, "positions");
        var positions = AddInput(ops);
        var chosen = Choose(ops, chain.Start, positions);
        chosen.Type = chain.Start.Type is { } type ? type with { Shape = Narrow(type.Shape, positions) } : null;
        // Inferred before anything changes, so that they are the shapes of all positions.
        var types = new TypeInference();
        foreach (var (node, _) in chain.Steps)
            types.WidthOf(node.Output);
        var (first, index) = chain.Steps[^1];
        first.SetInput(index, chosen);
        foreach (var (node, _) in chain.Steps)
            Adapt(ops, types, node, chosen, positions);
        GraphOrder.Sort(model.Graph);
        return positions;
    }

    private static Value AddInput(OpBuilder ops)
    {
        var count = Dimension.Named("chosen_positions");
        var shape = ops.OperatorSetVersion >= OldestForExamples ? Shape.Of(Batch(ops.Graph), count) : Shape.Of(count);
        return ops.Graph.AddInput(ops.Names.Unique("positions"), new TensorType(ElementType.Int64, shape));
    }

    // Named as the first axis of the file's own inputs, so that shapes are known to fit.
    private static Dimension Batch(Graph graph) =>
        graph
            .Inputs.Where(input => !input.IsConstant)
            .Select(input => input.Type?.Shape is { Rank: >= 2 } shape ? shape[0] : Dimension.Unknown)
            .FirstOrDefault(size => size.Symbol is not null);

    private static Value Choose(OpBuilder ops, Value hidden, Value positions) =>
        ops.OperatorSetVersion >= OldestForExamples
            ? ops.GatherND(hidden, ops.Unsqueeze(positions, -1), 1)
            : ops.Gather(hidden, positions, 1);

    // A Reshape on the way states the old number of positions.
    private static void Adapt(OpBuilder ops, TypeInference types, Node node, Value chosen, Value positions)
    {
        if (node.Operator.OperatorType == "Reshape")
            node.SetInput(1, NewShape(ops, types, node, chosen));
        if (node.Output.Type is { } type)
            node.Output.Type = type with { Shape = Narrow(type.Shape, positions) };
    }

    private static Value NewShape(OpBuilder ops, TypeInference types, Node reshape, Value chosen)
    {
        var width = types.WidthOf(reshape.Output);
        return types.RankOf(reshape.Inputs[0]!) == 3
            ? ops.Constant(-1, width)
            : ops.Concat(0, ops.Slice(ops.ShapeOf(chosen), 0, 0, 2), ops.Constant(width));
    }

    private static Shape? Narrow(Shape? shape, Value positions) =>
        shape is { Rank: 3 } ? Shape.Of(shape[0], positions.Type!.Shape![-1], shape[2])
        : shape is { Rank: 2 } ? Shape.Of(Dimension.Unknown, shape[1])
        : shape;
}
