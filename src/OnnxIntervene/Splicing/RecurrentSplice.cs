using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.Rewriting;

namespace OnnxIntervene.Splicing;

/// <summary>
/// Splices every site of one recurrent layer. A step's state is changed where the run says so, each example at its own
/// steps, and later
/// steps follow from it.
/// </summary>
internal static class RecurrentSplice
{
    // Scan takes axes as it does now from this operator set on, and Where is there.
    private const int OldestOperatorSet = 9;

    public static bool Applies(Component component) => component.Source is RecurrentSource or StepsSource;

    public static void Splice(
        GraphEditor editor,
        Component component,
        ImmutableArray<int> indices,
        IReadOnlyList<SpliceSite> sites,
        SplicedSite[] spliced
    )
    {
        if (component.Source is RecurrentSource { Node: var operation })
            editor.RequireOperatorSet(OldestOperatorSet, operation);
        else
            editor.RequireOperatorSet(OldestOperatorSet, ((StepsSource)component.Source).States[0].Producer!);
        var steps = indices.Select(index => new StepSite(editor, sites[index], component, index)).ToImmutableArray();
        var before = editor.Graph.NodeCount;
        if (component.Source is StepsSource { States: var states })
            SpliceSteps(editor, steps, states, before);
        else
            RecurrentLoop.Splice(editor, steps, ((RecurrentSource)component.Source).Node);
        for (var order = 0; order < indices.Length; order++)
            spliced[indices[order]] = steps[order].Describe();
    }

    private static void SpliceSteps(
        GraphEditor editor,
        ImmutableArray<StepSite> sites,
        ImmutableArray<Value> states,
        int before
    )
    {
        var ops = editor.Builder($"{NameScope.Prefix}steps");
        var batch = ops.Slice(ops.ShapeOf(states[0]), 0, 0, 1);
        foreach (var site in sites)
            site.Prepare(ops, batch, ops.Constant(states.Length));
        var seen = sites.Select(_ => new List<Value>()).ToList();
        for (var step = 0; step < states.Length; step++)
        {
            var current = editor.Current(states[step]);
            var changed = current;
            for (var order = 0; order < sites.Length; order++)
            {
                seen[order].Add(ops.Unsqueeze(changed, 1));
                changed = sites[order].Change(ops, changed, grid => ops.Gather(grid, ops.Scalar(step), 1));
            }

            editor.Claim(editor.Graph, before);
            if (changed != current)
                editor.Replace(current, changed);
        }

        for (var order = 0; order < sites.Length; order++)
            sites[order].Read(ops, ops.Concat(1, seen[order]));
        editor.Claim(editor.Graph, before);
    }
}
