namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>
/// The inputs of a Loop's or Scan's body: what holds for them at every step.
/// </summary>
internal sealed class LoopBody(Node owner, Graph body, Func<Value, TensorFacts> outside)
{
    // Each round gives up at least one size of a state that the steps change.
    private const int MostRounds = 16;

    /// <summary>
    /// The facts of each of the body's inputs, and whether the last run was given these, so that all that it found
    /// holds.
    /// </summary>
    /// <param name="run">What follows of the body's outputs when its inputs are so.</param>
    /// <param name="records">Counts the runs.</param>
    public (TensorFacts[] Inputs, bool Holds) Settle(
        Func<IReadOnlyDictionary<Value, TensorFacts>, TensorFacts[]> run,
        LoopRecords records
    )
    {
        var given = body.Inputs.Select((_, index) => First(index)).ToArray();
        for (var round = 0; round < MostRounds && records.TakeRound(owner); round++)
        {
            var outputs = run(body.Inputs.Zip(given).ToDictionary(pair => pair.First, pair => pair.Second));
            if (!Widen(given, outputs))
                return (given, true);
        }

        return ([.. given.Select((facts, index) => IsState(index) ? TensorFacts.Unknown : facts)], false);
    }

    private bool IsScan => owner.Operator.OperatorType == "Scan";

    private int ScannedCount => (int)(owner.FindAttribute("num_scan_inputs")?.Integer ?? 0);

    private int StateCount => IsScan ? owner.Inputs.Count - ScannedCount : owner.Inputs.Count - 2;

    // A Loop's body gets its step and its condition before the states; a Scan's, slices after them.
    private bool IsState(int index) => IsScan ? index < StateCount : index >= 2;

    private TensorFacts First(int index)
    {
        if (IsState(index))
            return Outside(index) with { Contents = null };
        if (!IsScan)
            return TensorFacts.Of();
        var axis = ControlFlowRules.ScanAxis(owner, index - StateCount);
        return Outside(index).Axes is { } axes && NodeFacts.Place(axis, axes.Length) is { } place
            ? TensorFacts.Of([.. axes[..place], .. axes[(place + 1)..]])
            : TensorFacts.Unknown;
    }

    private TensorFacts Outside(int index) =>
        owner.InputOrNull(index) is { } input ? outside(input) : TensorFacts.Unknown;

    private bool Widen(TensorFacts[] given, TensorFacts[] outputs)
    {
        var isWider = false;
        for (var index = 0; index < given.Length; index++)
        {
            var state = IsScan ? index : index - 1;
            if (!IsState(index) || state >= outputs.Length)
                continue;
            var common = given[index].Or(outputs[state] with { Contents = null });
            isWider |= IsWider(common, given[index]);
            given[index] = common;
        }

        return isWider;
    }

    private static bool IsWider(TensorFacts common, TensorFacts before) =>
        common.Axes is null
            ? before.Axes is not null
            : common.Axes.Zip(before.Axes!).Any(pair => !pair.First.IsKnown && pair.Second.IsKnown);
}
