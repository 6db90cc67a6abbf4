using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Splicing;

/// <summary>A model with interventions in its graph, whose places, sources and coefficients are inputs.</summary>
/// <param name="Model">The rewritten model; its weights stay in the original's files.</param>
/// <param name="Components">The components of the model that was rewritten.</param>
/// <param name="Sites">The spliced places, in the order in which they were asked for.</param>
public sealed record SplicedModel(Model Model, ComponentMap Components, ImmutableArray<SitePorts> Sites)
{
    /// <summary>
    /// The numbers of the sites in the order in which they act: that in which the graph computes their tensors.
    /// </summary>
    public required ImmutableArray<int> Order { get; init; }

    /// <summary>
    /// Inputs (masks) whose ones the original counts from the start of each row, so that rows cannot be padded there.
    /// </summary>
    public ImmutableArray<CountedMask> CountedMasks { get; init; } = [];

    /// <summary>
    /// The input that chooses the positions of the first output, int64 <c>[batch, chosen]</c>; null where the model
    /// computes all of them.
    /// </summary>
    public string? PositionsInput { get; init; }

    /// <summary>
    /// The tensors that hold the components at which the model may be cut, by their addresses; sites before them
    /// included.
    /// </summary>
    public ImmutableDictionary<ComponentAddress, string> Boundaries { get; init; } =
        ImmutableDictionary<ComponentAddress, string>.Empty;

    /// <summary>Inputs beside the sites', such as what a loss compares with; runs feed all of them.</summary>
    internal ImmutableArray<string> AddedInputs { get; init; } = [];

    /// <summary>The original's inputs that a run may feed.</summary>
    public ImmutableArray<string> Inputs { get; init; } = [];
}
