using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.Rewriting;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Gradients;

/// <summary>
/// The branches that a run without a cache takes, in the place of the model's If nodes, as far as that is known before
/// it runs.
/// </summary>
internal sealed class TakenBranches
{
    private readonly Dictionary<Node, int> _taken = [];
    private readonly GraphEditor _editor;

    /// <summary>Puts the branches into the main graph.</summary>
    public TakenBranches(GraphEditor editor)
    {
        _editor = editor;
        var types = TypeInference.Bind(
            editor.Graph,
            new Dictionary<string, BoundInput> { [InputFiller.CacheSwitch] = new([1], [0]) }
        );
        // A branch may hold another If.
        for (var found = true; found; )
        {
            found = false;
            foreach (var node in editor.Graph.Nodes.Where(node => node.Operator.OperatorType == "If").ToList())
            {
                if (_taken.ContainsKey(node) || types.BranchOf(node) is not (>= 0 and var branch))
                    continue;
                _taken.Add(node, branch);
                Take(node, node.Subgraphs.ElementAt(branch));
                found = true;
            }
        }
    }

    /// <summary>Whether there is any.</summary>
    public bool Any => _taken.Count > 0;

    /// <summary>The component where it is now: in its branch, which is in the main graph, or where it was.</summary>
    public Component Of(Component component) => component with { Source = Of(component.Source) };

    private ComponentSource Of(ComponentSource source) =>
        source switch
        {
            BranchSource branches when _taken.TryGetValue(branches.Owner, out var taken) => branches.Sources[taken],
            OneBranchSource one
                when one.Path.All(branch =>
                    _taken.TryGetValue(branch.Owner, out var taken) && taken == branch.Number
                ) => one.Source,
            _ => source,
        };

    // The node itself is left without readers, for dead code to be removed.
    private void Take(Node node, Graph branch)
    {
        // An If and its branches may output the same names.
        var names = _editor.Graph.AllValues().Select(value => value.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var value in branch.AllValues().Where(value => names.Contains(value.Name)))
            value.Name = _editor.Unique(value.Name);
        _editor.Graph.Absorb(branch);
        var ops = _editor.Builder("branch");
        for (var index = 0; index < node.Outputs.Count; index++)
        {
            if (node.Outputs[index] is { } output)
                _editor.Replace(output, ops.Identity(branch.Outputs[index]));
        }
    }
}
