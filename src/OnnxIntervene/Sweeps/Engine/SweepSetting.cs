using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>What all runs of a sweep have in common.</summary>
/// <param name="Model">The model.</param>
/// <param name="Bases">The runs that cells start from; they have equally many tokens.</param>
/// <param name="Sites">The components that cells write, each in one layer.</param>
internal sealed record SweepSetting(
    LoadedModel Model,
    ImmutableArray<SweepBase> Bases,
    ImmutableArray<ComponentAddress> Sites
)
{
    /// <summary>How many tokens every base has.</summary>
    public int Length => Bases[0].Inputs.Length;

    /// <summary>Where logits are read; null for the last token that the mask keeps.</summary>
    public int? MetricPosition { get; init; }

    /// <summary>The tokens whose logits cells are measured by; empty for all.</summary>
    public ImmutableArray<int> Tokens { get; init; } = [];

    /// <summary>Where logits are read, where there is no mask.</summary>
    public int Measured => MetricPosition ?? Length - 1;

    /// <summary>Whether units of attention probabilities are queries of heads, not whole heads.</summary>
    public bool CountsQueries { get; init; }

    /// <summary>The units of each site's component.</summary>
    public ImmutableArray<UnitGrid> Grids =>
        field.IsDefault
            ? field = [
                .. Sites.Select(site => new UnitGrid(Model.Components.Get(site), Length)
                {
                    CountsQueries = CountsQueries && Model.Components.Get(site).Layout == ComponentLayout.HeadsFirst,
                }),
            ]
            : field;

    /// <summary>A site as it is spliced: read, and written with other values.</summary>
    public SpliceSite SpliceOf(ComponentAddress site) =>
        new(site, InterventionType.Vanilla) { CountsTwoAxes = Grids[Sites.IndexOf(site)].CountsQueries };

    /// <summary>The inputs of some bases as one batch, a row each.</summary>
    public ModelInputs Batch(IReadOnlyList<int> bases) =>
        ModelInputs.Joined([.. bases.Select(index => Bases[index].Inputs)]);
}

/// <summary>A run that cells start from.</summary>
/// <param name="Inputs">A batch of one.</param>
/// <param name="Noise">What is added to its embeddings; null for nothing.</param>
internal sealed record SweepBase(ModelInputs Inputs, EmbeddingAddition? Noise = null);

/// <summary>What is added to <c>block_input</c> of layer 0.</summary>
/// <param name="Positions">Where.</param>
/// <param name="Values">What, <c>[position, width]</c>.</param>
internal sealed record EmbeddingAddition(ImmutableArray<int> Positions, ReadOnlyMemory<float> Values);
