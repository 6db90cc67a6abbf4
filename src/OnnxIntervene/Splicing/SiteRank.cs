namespace OnnxIntervene.Splicing;

/// <summary>When in a forward pass a site acts; the smaller acts first.</summary>
/// <param name="Node">The node's number in the graph's order; -1 for the model's inputs.</param>
/// <param name="Stage">The stage of the node.</param>
/// <param name="Reader">
/// For one tensor: 0 for what a module outputs, larger for what the next one reads of it, inner modules after outer
/// ones.
/// </param>
internal readonly record struct SiteRank(int Node, NodeStage Stage, int Reader) : IComparable<SiteRank>
{
    public int CompareTo(SiteRank other) => (Node, Stage, Reader).CompareTo((other.Node, other.Stage, other.Reader));
}
