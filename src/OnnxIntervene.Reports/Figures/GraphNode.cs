namespace OnnxIntervene.Reports.Figures;

/// <summary>A node of a graph.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Row">The row it stands in, from below; rows without nodes take no room.</param>
public sealed record GraphNode(string Name, int Row);
