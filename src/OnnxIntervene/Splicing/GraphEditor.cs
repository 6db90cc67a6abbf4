using OnnxIntervene.Components;
using OnnxIntervene.IR;

namespace OnnxIntervene.Splicing;

/// <summary>
/// The graph that a splice changes: knows what stands in place of each original value by now, and which nodes belong to interventions
/// and must go on reading what they read.
/// </summary>
internal sealed class GraphEditor
{
    // Range came with this operator set.
    private const int OldestForAttention = 11;

    private readonly Dictionary<Value, Value> _current = [];
    private readonly Dictionary<Node, OpenedNormalization> _skips = [];
    private readonly Dictionary<Node, OpenedAttention> _attentions = [];
    private readonly Dictionary<InputSource, Value> _inputs = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, Value> _shared = new(StringComparer.Ordinal);
    private readonly Dictionary<(Graph Graph, string Name), CountedTokens> _tokens = [];
    private readonly HashSet<Node> _own = [];
    private readonly NameScope _names;

    public GraphEditor(Model model)
    {
        Model = model;
        _names = NameScope.Of(model);
    }

    public Model Model { get; }

    public Graph Graph => Model.Graph;

    /// <summary>A builder for nodes of an intervention, or of an opened operator, in the graph where they belong.</summary>
    public OpBuilder Builder(string place, Graph? graph = null) => new(graph ?? Graph, _names, Model.OperatorSetVersion, place);

    /// <summary>The graph that gives a value: the main one, or a branch.</summary>
    public Graph GraphOf(Value value) => value.Producer?.Graph ?? Graph;

    public string Unique(string wish) => _names.Unique(wish);

    /// <summary>A value that several sites share: made when it is first asked for.</summary>
    public Value Shared(string key, Func<string, Value> create)
    {
        if (!_shared.TryGetValue(key, out var value))
            _shared.Add(key, value = create(key));
        return value;
    }

    /// <summary>Refuses a place that needs operators which this model's operator set lacks.</summary>
    /// <exception cref="InterventionException">The operator set is older than needed.</exception>
    public void RequireOperatorSet(int oldest, Node node)
    {
        if (Model.OperatorSetVersion < oldest)
        {
            throw new InterventionException(
                $"What lies inside {node} can be reached from operator set {oldest} on; the model uses {Model.OperatorSetVersion}. Convert it.");
        }
    }

    /// <summary>What layers that count the same tokens make of them: made when it is first asked for.</summary>
    public CountedTokens Tokens((Graph Graph, string Name) key, Func<CountedTokens> create)
    {
        if (!_tokens.TryGetValue(key, out var tokens))
            _tokens.Add(key, tokens = create());
        return tokens;
    }

    /// <summary>Opens the fused operator that a component lies in, if any, so that it can be reached.</summary>
    /// <exception cref="InterventionException">The operator is used in a way that cannot be opened.</exception>
    public void Open(ComponentSource source)
    {
        switch (source)
        {
            case BranchSource branches:
                foreach (var inner in branches.Sources)
                    Open(inner);
                break;
            case ResidualSumSource { Node: var node }:
                OpenSkip(node);
                break;
            case ResidualPartSource { Node: var node }:
                OpenSkip(node);
                break;
            case AttentionProbabilitySource { Node: var node }:
                OpenAttention(node);
                break;
            case PackedAttentionSource { Node: var node }:
                OpenAttention(node);
                break;
            default:
                break;
        }
    }

    /// <summary>The tensor that holds a component as it stands now, and as what shape.</summary>
    public Value Current(ComponentSource source) => source switch
    {
        TensorSource tensor => Current(tensor.Value),
        SliceSource slice => Current(slice.Value),
        SplitHeadsSource split => Current(split.Value),
        InterleavedSource packed => Current(packed.Value),
        FlatSource flat => Current(flat.Value),
        InputSource input => _inputs.TryGetValue(input, out var read) ? Current(read) : Current(input.Value),
        ResidualSumSource sum => Current(_skips[sum.Node].Sum),
        ResidualPartSource part => Current(_skips[part.Node].Part),
        AttentionProbabilitySource probabilities => Current(_attentions[probabilities.Node].Probabilities),
        PackedAttentionSource packed => Current(_attentions[packed.Node].Projections[packed.Part]),
        _ => throw new System.Diagnostics.UnreachableException(source.ToString()),
    };

    /// <summary>What stands in place of an original value by now.</summary>
    public Value Current(Value value)
    {
        while (_current.TryGetValue(value, out var next))
            value = next;
        return value;
    }

    private void OpenSkip(Node node)
    {
        if (!_skips.ContainsKey(node))
            _skips.Add(node, SkipNormalizationOpening.Open(this, node));
    }

    private void OpenAttention(Node node)
    {
        if (_attentions.ContainsKey(node))
            return;
        RequireOperatorSet(OldestForAttention, node);
        _attentions.Add(node, node switch
        {
            _ when FusedOperators.IsGroupQueryAttention(node) => GroupQueryAttentionOpening.Open(this, node),
            _ when FusedOperators.IsStandardAttention(node) => StandardAttentionOpening.Open(this, node),
            _ => AttentionOpening.Open(this, node),
        });
    }

    /// <summary>Remembers the nodes that were added to a graph since <paramref name="before"/> as belonging to interventions.</summary>
    public void Claim(Graph graph, int before) => _own.UnionWith(graph.Nodes.Skip(before));

    /// <summary>Puts a changed component in its place: for all that read it, or where it is a module's input, for the module alone.</summary>
    public void Replace(ComponentSource source, Value current, Value replacement)
    {
        if (source is not InputSource input)
        {
            Replace(current, replacement);
            return;
        }

        replacement.Type ??= current.Type;
        foreach (var use in current.Uses.Where(use => input.Readers.Contains(use.Node)).ToList())
            use.Node.SetInput(use.InputIndex, replacement);
        _inputs[input] = replacement;
    }

    /// <summary>Makes everything but interventions read <paramref name="replacement"/>.</summary>
    public void Replace(Value value, Value replacement)
    {
        replacement.Type ??= value.Type;
        GraphOf(value).Redirect(value, replacement, _names, [.. value.Uses.Select(use => use.Node).Where(_own.Contains)]);
        _current.Add(value, replacement);
    }

    /// <summary>Puts a value in the place of an output, where the node gives it.</summary>
    public void ReplaceIfGiven(Node node, int output, Value replacement)
    {
        if (node.OutputOrNull(output) is { } old)
            Replace(old, replacement);
    }
}
