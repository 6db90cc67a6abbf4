using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Training;

/// <summary>
/// Which of a plan's runs trained parameters change: the base's, and in a chain those of sources after the first in
/// which something trained is written.
/// </summary>
internal sealed class TrainedChain
{
    private readonly HashSet<int> _fed = [];

    /// <summary>Follows the parameters through the runs.</summary>
    /// <exception cref="InterventionException">
    /// A function of C# lies between a parameter and the end of a run, where no gradient passes.
    /// </exception>
    public TrainedChain(RunPlan plan, TrainedInterventions trained, ComponentMap components)
    {
        var isTrained = Enumerable.Range(0, plan.Planned.Length).Where(index => trained.Of(index).Any()).ToHashSet();
        var (still, changing) = (new List<SourceRun>(), new List<SourceRun>());
        foreach (var run in plan.SourceRuns())
        {
            if (!run.Writes.Any(index => isTrained.Contains(index) || _fed.Contains(index)))
            {
                still.Add(run);
                continue;
            }

            RefuseFunctions(run.Writes);
            changing.Add(run);
            _fed.UnionWith(run.Reads);
        }

        RefuseFunctions(plan.WrittenInBase);
        (Fixed, Changing) = ([.. still], [.. changing]);

        void RefuseFunctions(ImmutableArray<int> writes)
        {
            var order = Splicer.Order(components, plan.Sites).Where(writes.Contains).ToList();
            var first = order.FindIndex(index => isTrained.Contains(index) || _fed.Contains(index));
            if (first >= 0 && order.Skip(first).FirstOrDefault(CallsFunction, -1) is >= 0 and var function)
                throw new InterventionException(
                    $"{plan.Sites[function].Type.ClassName} at {plan.Sites[function].Address} calls a function of C#, "
                        + $"through which no gradient passes to {plan.Sites[order[first]].Address}. Write it as a "
                        + "CustomIntervention, or put it before what is trained."
                );
        }

        bool CallsFunction(int index) => plan.Planned[index].Intervention.Type.CallsFunction;
    }

    /// <summary>The runs of sources that no parameter changes.</summary>
    public ImmutableArray<SourceRun> Fixed { get; }

    /// <summary>The others, in order.</summary>
    public ImmutableArray<SourceRun> Changing { get; }

    /// <summary>Whether the source of an intervention is what a run of these others reads.</summary>
    public bool IsFed(int index) => _fed.Contains(index);
}
