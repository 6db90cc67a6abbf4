using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Rewriting;

/// <summary>
/// The graph that a splice changes: remembers what replaces each original value so far, and which nodes belong to
/// interventions and must go on reading what they read.
/// </summary>
internal sealed class GraphEditor
{
    private readonly Dictionary<Value, Value> _current = [];
    private readonly Dictionary<object, object> _once = [];
    private readonly Dictionary<string, Value> _shared = new(StringComparer.Ordinal);
    private readonly HashSet<Node> _own = [];
    private readonly Dictionary<Node, ImmutableArray<Node>> _opened = [];
    private readonly NameScope _names;

    public GraphEditor(Model model)
    {
        Model = model;
        _names = NameScope.Of(model);
    }

    public Model Model { get; }

    public Graph Graph => Model.Graph;

    /// <summary>Types and shapes of the values: a replacement has the same.</summary>
    public TypeInference Types { get; } = new();

    /// <summary>
    /// A builder for nodes of an intervention, or of an opened operator, in the graph where they belong.
    /// </summary>
    public OpBuilder Builder(string place, Graph? graph = null) =>
        new(graph ?? Graph, _names, Model.OperatorSetVersion, place);

    /// <summary>The graph that computes a value: the main one, or a branch.</summary>
    public Graph GraphOf(Value value) => value.Producer?.Graph ?? Graph;

    public string Unique(string wish) => _names.Unique(wish);

    /// <summary>A value that several sites share, made when it is first asked for.</summary>
    public Value Shared(string key, Func<string, Value> create)
    {
        if (!_shared.TryGetValue(key, out var value))
            _shared.Add(key, value = create(key));
        return value;
    }

    /// <summary>Refuses a node whose opening needs operators that this model's operator set lacks.</summary>
    /// <exception cref="InterventionException">The operator set is older than needed.</exception>
    public void RequireOperatorSet(int oldest, Node node)
    {
        if (Model.OperatorSetVersion < oldest)
        {
            throw new InterventionException(
                $"What is inside {node} can be reached from operator set {oldest} on; the model uses "
                    + $"{Model.OperatorSetVersion}. Convert it."
            );
        }
    }

    /// <summary>An object that several nodes share, made when it is first asked for.</summary>
    public T Once<T>(object key, Func<T> create)
        where T : notnull
    {
        if (!_once.TryGetValue(key, out var made))
            _once.Add(key, made = create());
        return (T)made;
    }

    /// <summary>The current replacement of an original value.</summary>
    public Value Current(Value value)
    {
        var last = value;
        while (_current.TryGetValue(last, out var next))
            last = next;
        // Of many changes at one tensor, the next question needs no way through all of them.
        if (last != value)
            _current[value] = last;
        return last;
    }

    /// <summary>
    /// Remembers the nodes that were added to a graph after <paramref name="last"/>, its last node before, as belonging
    /// to interventions. O(nodes added).
    /// </summary>
    public void Claim(Graph graph, Node? last) => _own.UnionWith(graph.NodesAfter(last));

    /// <summary>Removes a node that the nodes after <paramref name="last"/> have replaced.</summary>
    public void RemoveOpened(Node node, Node? last)
    {
        var graph = node.Graph!;
        _opened.Add(node, [.. graph.NodesAfter(last)]);
        graph.Remove(node);
    }

    /// <summary>The nodes that compute a node's outputs: itself, or what it was opened into.</summary>
    public IEnumerable<Node> NodesOf(Node node) => _opened.TryGetValue(node, out var nodes) ? nodes : [node];

    /// <summary>Makes everything but interventions read <paramref name="replacement"/>.</summary>
    public void Replace(Value value, Value replacement)
    {
        replacement.Type ??= value.Type;
        GraphOf(value).RedirectBut(_own, value, replacement, _names);
        _current.Add(value, replacement);
    }

    /// <summary>Puts a value in the place of an output, where the node outputs it.</summary>
    public void ReplaceIfPresent(Node node, int output, Value replacement)
    {
        if (node.OutputOrNull(output) is { } old)
            Replace(old, replacement);
    }
}
