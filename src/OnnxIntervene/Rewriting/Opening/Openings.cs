using OnnxIntervene.IR;

namespace OnnxIntervene.Rewriting.Opening;

/// <summary>
/// The operators of a graph that have been opened, each once however many components it contains.
/// </summary>
internal sealed class Openings(GraphEditor editor)
{
    private readonly Dictionary<Node, OpenedValues> _opened = [];

    /// <summary>Opens an operator, which its parts replace from then on.</summary>
    /// <exception cref="InterventionException">
    /// The operator is used in a way that cannot be opened, or the operator set is too old.
    /// </exception>
    public OpenedValues Of(Node node)
    {
        if (!_opened.TryGetValue(node, out var opened))
            _opened.Add(node, opened = Open(node));
        return opened;
    }

    private OpenedValues Open(Node node)
    {
        var opening =
            OpeningTable.Of(node)
            ?? throw new InterventionException(
                $"What is inside {node} cannot be reached: its operator has no opening."
            );
        if (opening.Refusal(node) is { } reason)
            throw new InterventionException($"{node} {reason}, so what is inside cannot be reached.");
        editor.RequireOperatorSet(opening.OldestOperatorSet, node);
        var last = node.Graph!.LastNode;
        var opened = opening.Open(editor, node);
        editor.RemoveOpened(node, last);
        return opened;
    }
}
