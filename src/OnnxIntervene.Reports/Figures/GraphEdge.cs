namespace OnnxIntervene.Reports.Figures;

/// <summary>An edge of a graph.</summary>
/// <param name="From">The number of the node that it leaves, from 0.</param>
/// <param name="To">The number of the node that it enters.</param>
/// <param name="Label">
/// Which of several edges between the two it is, such as <c>query</c>; empty where there is one.
/// </param>
/// <param name="Value">Its number.</param>
public sealed record GraphEdge(int From, int To, string Label, double Value);
