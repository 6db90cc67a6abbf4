using OnnxIntervene.IR;

namespace OnnxIntervene.Baking.Removal;

/// <summary>Entries of a value that are to go, once nothing depends on them.</summary>
/// <param name="Value">The value.</param>
/// <param name="Entries">Entries of its last axis; of the last two where heads have an axis of their own.</param>
/// <param name="Readers">The linear layers that read it, whose rows are zeros there.</param>
/// <param name="What">The interventions that set them, for messages.</param>
internal sealed record RemovalRequest(
    Value Value,
    IReadOnlyCollection<int> Entries,
    IReadOnlySet<Node> Readers,
    string What
);
