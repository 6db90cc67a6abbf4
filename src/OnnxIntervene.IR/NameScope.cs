using System.Globalization;

namespace OnnxIntervene.IR;

/// <summary>Creates names that a model does not use yet, all of them under one prefix.</summary>
public sealed class NameScope
{
    /// <summary>The prefix of every name that this project adds to a model.</summary>
    public const string Prefix = "intervene/";

    private readonly HashSet<string> _taken;

    // The first number that may be free for a name that was taken.
    private readonly Dictionary<string, int> _next = new(StringComparer.Ordinal);

    private NameScope(HashSet<string> taken) => _taken = taken;

    /// <summary>
    /// A scope that knows every name of nodes and values in the model, its subgraphs and its functions. O(nodes).
    /// </summary>
    public static NameScope Of(Model model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var taken = new HashSet<string>(
            (3 * model.Graph.NodeCount) + model.Graph.Initializers.Count,
            StringComparer.Ordinal
        );
        foreach (var graph in model.Functions.Select(function => function.Body).Prepend(model.Graph))
            Collect(graph, taken);
        return new NameScope(taken);
    }

    /// <summary>
    /// The wanted name under the prefix; where it is taken, with the first number that makes it unique.
    /// </summary>
    public string Unique(string wish)
    {
        ArgumentNullException.ThrowIfNull(wish);
        var stem = wish.StartsWith(Prefix, StringComparison.Ordinal) ? wish : Prefix + wish.TrimStart('/');
        return Free(stem);
    }

    /// <summary>
    /// The wanted name itself; where it is taken, with the first number that makes it unique. For the file's own nodes.
    /// </summary>
    internal string Free(string wish)
    {
        if (_taken.Add(wish))
            return wish;
        var number = _next.GetValueOrDefault(wish, 2);
        var name = Numbered(wish, number);
        while (!_taken.Add(name))
            name = Numbered(wish, ++number);
        _next[wish] = number + 1;
        return name;
    }

    private static string Numbered(string wish, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{wish}_{number}");

    private static void Collect(Graph graph, HashSet<string> taken)
    {
        foreach (var value in graph.Inputs)
            taken.Add(value.Name);
        foreach (var value in graph.Initializers)
            taken.Add(value.Name);
        foreach (var node in graph.Nodes)
        {
            taken.Add(node.Name);
            for (var index = 0; index < node.Outputs.Count; index++)
            {
                if (node.Outputs[index] is { } output)
                    taken.Add(output.Name);
            }

            foreach (var subgraph in node.Subgraphs)
                Collect(subgraph, taken);
        }
    }
}
