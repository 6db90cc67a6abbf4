namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>
/// What is kept of loops while types are inferred. A loop inside others is met again in each of their rounds; what is
/// counted and found of it is the same in all of them.
/// </summary>
internal sealed class LoopRecords
{
    private const int MostRounds = 32;
    private readonly Dictionary<Node, int> _rounds = [];
    private readonly Dictionary<Graph, Value[]> _captured = [];

    /// <summary>Takes a round of settling a loop's states; false when there have been enough.</summary>
    public bool TakeRound(Node loop)
    {
        var taken = _rounds.GetValueOrDefault(loop);
        _rounds[loop] = taken + 1;
        return taken < MostRounds;
    }

    /// <summary>
    /// The computed values around a body that its nodes read, those inside further graphs too. O(nodes of the body),
    /// once.
    /// </summary>
    public Value[] Captured(Graph body)
    {
        if (!_captured.TryGetValue(body, out var captured))
            _captured.Add(body, captured = [.. Read(body).Distinct().Where(value => value.Producer!.Graph != body)]);
        return captured;
    }

    private IEnumerable<Value> Read(Graph body)
    {
        foreach (var node in body.Nodes)
        {
            foreach (var input in node.Inputs)
            {
                if (input?.Producer is not null)
                    yield return input;
            }

            foreach (var value in node.Subgraphs.SelectMany(Captured))
                yield return value;
        }
    }
}
