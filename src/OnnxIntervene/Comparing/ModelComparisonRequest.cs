using System.Collections.Immutable;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Comparing;

/// <summary>What two models are compared on.</summary>
public sealed record ModelComparisonRequest
{
    /// <summary>
    /// What both are run on. The examples of a batch are run one by one; what the attention mask leaves out is not
    /// compared. Empty where a file of activations holds the inputs.
    /// </summary>
    public ImmutableArray<ModelInputs> Prompts { get; init; } = [];

    /// <summary>The components, by name; all that both have when empty.</summary>
    public ImmutableArray<string> Components { get; init; } = [];

    /// <summary>The layers; all when empty.</summary>
    public ImmutableArray<int> Layers { get; init; } = [];

    /// <summary>
    /// A file in which every changed run is kept, and from which a comparison that was ended goes on; null for none.
    /// </summary>
    public string? Journal { get; init; }

    /// <summary>The command that compares, which the journal names; empty where there is none.</summary>
    public ImmutableArray<string> Command
    {
        get;
        init => field = value.IsDefault ? [] : value;
    } = [];
}
