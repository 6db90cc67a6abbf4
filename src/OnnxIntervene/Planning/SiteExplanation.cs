using System.Collections.Immutable;

namespace OnnxIntervene.Planning;

/// <summary>What one intervention of a configuration touches.</summary>
/// <param name="Intervention">The intervention and its place.</param>
/// <param name="Tensor">The component's tensor, or the part of one.</param>
/// <param name="ComputedBy">The node that computes it.</param>
/// <param name="ReadBy">The nodes that read it, and see what the intervention writes.</param>
/// <param name="Opened">The fused operator that is opened to reach it; null where none is.</param>
public sealed record SiteExplanation(
    string Intervention,
    string Tensor,
    string ComputedBy,
    ImmutableArray<string> ReadBy,
    string? Opened
);
