using OnnxIntervene.Components;
using OnnxIntervene.IR;

namespace OnnxIntervene.Splicing;

/// <summary>
/// The graph that a splice changes: knows what stands in place of each original value by now, and which nodes belong to interventions
/// and must go on reading what they read.
/// </summary>
internal sealed class GraphEditor
{
    private readonly Dictionary<Value, Value> _current = [];
    private readonly Dictionary<Node, Value> _opened = [];
    private readonly HashSet<Node> _own = [];
    private readonly NameScope _names;

    public GraphEditor(Model model)
    {
        Model = model;
        _names = NameScope.Of(model);
    }

    public Model Model { get; }

    public Graph Graph => Model.Graph;

    /// <summary>A builder for nodes of an intervention, or of an opened operator.</summary>
    public OpBuilder Builder(string place) => new(Graph, _names, Model.OperatorSetVersion, place);

    public string Unique(string wish) => _names.Unique(wish);

    /// <summary>Opens the fused operator that a component lies in, if any, so that it can be reached.</summary>
    /// <exception cref="InterventionException">The operator is used in a way that cannot be opened.</exception>
    public void Open(Component component)
    {
        switch (component.Source)
        {
            case ResidualSumSource { Node: var node } when !_opened.ContainsKey(node):
                _opened.Add(node, SkipNormalizationOpening.Open(this, node));
                break;
            case AttentionProbabilitySource { Node: var node } when !_opened.ContainsKey(node):
                _opened.Add(node, GroupQueryAttentionOpening.Open(this, node));
                break;
            default:
                break;
        }
    }

    /// <summary>The tensor that holds a component as it stands now, and as what shape.</summary>
    public Value Current(ComponentSource source) => Current(source switch
    {
        TensorSource tensor => tensor.Value,
        SliceSource slice => slice.Value,
        SplitHeadsSource split => split.Value,
        InterleavedSource packed => packed.Value,
        ResidualSumSource sum => _opened[sum.Node],
        AttentionProbabilitySource probabilities => _opened[probabilities.Node],
        _ => throw new System.Diagnostics.UnreachableException(source.ToString()),
    });

    public Value Current(Value value)
    {
        while (_current.TryGetValue(value, out var next))
            value = next;
        return value;
    }

    /// <summary>Remembers the nodes that were added since <paramref name="before"/> as belonging to interventions.</summary>
    public void Claim(int before) => _own.UnionWith(Graph.Nodes.Skip(before));

    /// <summary>Makes everything but interventions read <paramref name="replacement"/>.</summary>
    public void Replace(Value value, Value replacement)
    {
        replacement.Type ??= value.Type;
        Graph.Redirect(value, replacement, _names, [.. value.Uses.Select(use => use.Node).Where(_own.Contains)]);
        _current.Add(value, replacement);
    }
}
