using OnnxIntervene.IR;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Comparing;

/// <summary>How many changed runs of one example are rows of one batch.</summary>
internal static class RowsPerRun
{
    // They take one scale from the whole tensor, so that a row would change the others' numbers.
    private static readonly string[] s_mixing = ["DynamicQuantizeLinear", "DynamicQuantizeMatMul"];

    /// <summary>As many as fit the memory that a sweep takes; one where rows are not independent.</summary>
    public static int Of(Model model, ExampleRuns runs)
    {
        var graph = model.Graph;
        if (
            graph.Inputs.Any(input =>
                !input.IsConstant && input.Type?.Shape is { Rank: > 0 } shape && shape[0].Size == 1
            ) || graph.AllNodes().Any(node => s_mixing.Contains(node.Operator.Name))
        )
            return 1;
        return BatchSize.For(1, Math.Max(runs.B.Output!.Length, runs.B.Components.Max(values => values.Length)));
    }
}
