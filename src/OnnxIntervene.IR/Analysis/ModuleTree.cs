using System.Collections.Immutable;
using System.Globalization;

namespace OnnxIntervene.IR.Analysis;

/// <summary>
/// Which nodes came from which module of the original program, read from exporters' metadata (<c>metadata_props</c>) or
/// from module paths in node names.
/// </summary>
internal sealed class ModuleTree
{
    // torch.onnx (dynamo) and onnxscript write the chain of modules that a node came from, as the text of a Python
    // list.
    private static readonly string[] s_scopeNotes = ["pkg.torch.onnx.name_scopes", "pkg.onnxscript.name_scopes"];

    private static readonly Comparer<string> s_byLength = Comparer<string>.Create(
        (left, right) => left.Length.CompareTo(right.Length)
    );

    // No program nests modules deeper; every part of a path costs a list entry for each of its nodes.
    private const int DeepestPath = 32;

    private readonly Dictionary<string, List<Node>> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<Node, string> _paths;
    private readonly Dictionary<string, List<Node>[]> _lists = new(StringComparer.Ordinal);

    // Paths by the text that they were read from, which the nodes of a module share.
    private readonly Dictionary<string, string> _read = new(StringComparer.Ordinal);

    private ModuleTree(int count) => _paths = new Dictionary<Node, string>(count);

    /// <summary>Reads the paths of the graph's nodes. O(nodes × depth of modules).</summary>
    public static ModuleTree Of(Graph graph)
    {
        var tree = new ModuleTree(graph.NodeCount);
        foreach (var node in graph.Nodes)
            tree.Add(node, tree.ReadPath(node));
        return tree;
    }

    /// <summary>The module that a node came from; empty when unknown.</summary>
    public string PathOf(Node node) => _paths.GetValueOrDefault(node, "");

    /// <summary>The innermost module that holds both.</summary>
    public static string Common(string left, string right)
    {
        var (one, other) = (left.Split('.'), right.Split('.'));
        return string.Join('.', one.Zip(other).TakeWhile(pair => pair.First == pair.Second).Select(pair => pair.First));
    }

    /// <summary>The nodes inside a module, including its submodules, in the graph's order.</summary>
    public IReadOnlyList<Node> NodesOf(string path) => _nodes.TryGetValue(path, out var nodes) ? nodes : [];

    /// <summary>Whether the node came from the module or from one inside it.</summary>
    public bool IsInside(Node node, string path) =>
        _paths.TryGetValue(node, out var own)
        && (
            own == path
            || (own.Length > path.Length && own[path.Length] == '.' && own.StartsWith(path, StringComparison.Ordinal))
        );

    /// <summary>The paths of every module whose name is <paramref name="name"/>, shortest first.</summary>
    public IEnumerable<string> PathsNamed(string name) =>
        _nodes.Keys.Where(path => IsNamed(path, name)).Order(s_byLength);

    /// <summary>The modules of a list by number: <c>transformer.h.0</c> and so on.</summary>
    public ImmutableSortedDictionary<int, string> Elements(string listName)
    {
        var elements = ImmutableSortedDictionary.CreateBuilder<int, string>();
        foreach (var path in _nodes.Keys)
        {
            var last = path.LastIndexOf('.');
            if (
                last > 0
                && int.TryParse(path.AsSpan(last + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && IsNamed(path.AsSpan(0, last), listName)
            )
                elements.TryAdd(number, path);
        }

        return elements.ToImmutable();
    }

    /// <summary>
    /// What a module reads: the first value from outside that is neither a constant nor computed from constants.
    /// </summary>
    public Value? InputOf(string path)
    {
        foreach (var node in NodesOf(path))
        {
            foreach (var input in node.Inputs)
            {
                if (
                    input is not null
                    && !GraphConstants.IsConstant(input)
                    && (input.Producer is null || !IsInside(input.Producer, path))
                )
                    return input;
            }
        }

        return null;
    }

    /// <summary>What a module outputs: the first output of the last node that something outside reads.</summary>
    public Value? OutputOf(string path) =>
        Backwards(NodesOf(path))
            .Select(node => node.OutputOrNull(0))
            .FirstOrDefault(output => output is not null && output.Uses.Any(use => !IsInside(use.Node, path)));

    private static bool IsNamed(ReadOnlySpan<char> path, string name) =>
        path.EndsWith(name, StringComparison.Ordinal)
        && (path.Length == name.Length || path[^(name.Length + 1)] == '.');

    private static IEnumerable<Node> Backwards(IReadOnlyList<Node> nodes)
    {
        for (var index = nodes.Count - 1; index >= 0; index--)
            yield return nodes[index];
    }

    private void Add(Node node, string path)
    {
        _paths.Add(node, path);
        if (!_lists.TryGetValue(path, out var lists))
            _lists.Add(path, lists = [.. Modules(path)]);
        foreach (var nodes in lists)
            nodes.Add(node);
    }

    // The node lists of a path's module and of those that hold it.
    private IEnumerable<List<Node>> Modules(string path)
    {
        for (var end = path.Length; end > 0; end = path.LastIndexOf('.', end - 1))
        {
            var module = path[..end];
            if (!_nodes.TryGetValue(module, out var nodes))
                _nodes.Add(module, nodes = []);
            yield return nodes;
        }
    }

    private string ReadPath(Node node)
    {
        foreach (var note in s_scopeNotes)
        {
            if (node.FindMetadata(note) is { } scopes)
                return Path(NextToLast(scopes));
        }

        // TorchScript and onnxruntime-genai: /model/layers.0/self_attn/q_proj/MatMul, the operator last.
        var slash = node.Name.LastIndexOf('/');
        return node.Name.StartsWith('/') && slash > 0 ? Path(node.Name.AsSpan(1, slash - 1)) : "";
    }

    private string Path(ReadOnlySpan<char> text)
    {
        if (_read.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out var known))
            return known;
        var path = text.Count('/') + text.Count('.') < DeepestPath ? text.ToString().Replace('/', '.') : "";
        _read.Add(text.ToString(), path);
        return path;
    }

    // ['', 'model', 'model.layers.0', 'linear_6']: the operation itself stands last.
    private static ReadOnlySpan<char> NextToLast(string scopes)
    {
        var list = scopes.AsSpan().Trim("[]");
        var last = list.LastIndexOf(',');
        if (last < 0)
            return "";
        list = list[..last];
        return list[(list.LastIndexOf(',') + 1)..].Trim().Trim("'\"");
    }
}
