using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Rewriting.Opening;

/// <summary>
/// The fused operators of a graph that have been opened, each once however many components lie in it.
/// </summary>
internal sealed class Openings(GraphEditor editor)
{
    // Range came with this operator set.
    private const int OldestForAttention = 11;

    private readonly Dictionary<Node, OpenedNormalization> _normalizations = [];
    private readonly Dictionary<Node, OpenedAttention> _attentions = [];

    /// <summary>The addition and the norm that a Skip(Simplified)LayerNormalization fuses.</summary>
    /// <exception cref="InterventionException">The operator is used in a way that cannot be opened.</exception>
    public OpenedNormalization Normalization(Node node)
    {
        if (!_normalizations.TryGetValue(node, out var opened))
            _normalizations.Add(node, opened = InPlace(node, () => SkipNormalizationOpening.Open(editor, node)));
        return opened;
    }

    /// <summary>What an attention operator fuses.</summary>
    /// <exception cref="InterventionException">
    /// The operator is used in a way that cannot be opened, or the operator set is too old.
    /// </exception>
    public OpenedAttention Attention(Node node)
    {
        if (_attentions.TryGetValue(node, out var opened))
            return opened;
        editor.RequireOperatorSet(OldestForAttention, node);
        _attentions.Add(
            node,
            opened = InPlace(
                node,
                () =>
                    node switch
                    {
                        _ when FusedOperators.IsGroupQueryAttention(node) => GroupQueryAttentionOpening.Open(
                            editor,
                            node
                        ),
                        _ when FusedOperators.IsStandardAttention(node) => StandardAttentionOpening.Open(editor, node),
                        _ => AttentionOpening.Open(editor, node),
                    }
            )
        );
        return opened;
    }

    private T InPlace<T>(Node node, Func<T> open)
    {
        var last = node.Graph!.LastNode;
        var opened = open();
        editor.RemoveOpened(node, last);
        return opened;
    }
}
