using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Comparing;

/// <summary>How many changed runs of one example are rows of one batch.</summary>
internal static class RowsPerRun
{
    /// <summary>As many as fit the memory that a sweep takes; one where rows are not independent.</summary>
    public static int Of(Model model, ExampleRuns runs)
    {
        if (
            model.Graph.Inputs.Any(input =>
                !input.IsConstant && input.Type?.Shape is { Rank: > 0 } shape && shape[0].Size == 1
            ) || RowMixing.FindNode(model) is not null
        )
            return 1;
        return BatchSize.For(1, Math.Max(runs.B.Output!.Length, runs.B.Components.Max(values => values.Length)));
    }
}
