using OnnxIntervene.IR;

namespace OnnxIntervene.Rewriting.Opening;

/// <summary>How one operator is written with simpler ones.</summary>
/// <param name="Operator">The operator.</param>
/// <param name="OldestOperatorSet">The oldest version of the standard operators that the simpler form needs.</param>
/// <param name="Refusal">
/// Why a node's simpler form would not be the same, as the rest of a sentence about the node; null where it is.
/// </param>
/// <param name="Open">
/// Writes the simpler form and makes the node's readers read it; the caller removes the node.
/// </param>
internal sealed record OperatorOpening(
    OperatorKey Operator,
    int OldestOperatorSet,
    Func<Node, string?> Refusal,
    Func<GraphEditor, Node, OpenedValues> Open
);
