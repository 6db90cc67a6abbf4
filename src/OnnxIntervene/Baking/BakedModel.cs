using System.Collections.Immutable;
using OnnxIntervene.Baking.Removal;
using OnnxIntervene.Baking.Weights;
using OnnxIntervene.IR;

namespace OnnxIntervene.Baking;

/// <summary>A model that has interventions for good, before it is proved and written.</summary>
/// <param name="Model">The model; weights that did not change stay in the original's files.</param>
/// <param name="Changes">What was done for each intervention, in words.</param>
public sealed record BakedModel(Model Model, ImmutableArray<string> Changes)
{
    /// <summary>The quantised matrices that were folded into and rounded again; empty where all is exact.</summary>
    public ImmutableArray<WeightRounding> Roundings { get; init; } = [];

    /// <summary>What layers lost for good; empty where nothing was removed.</summary>
    public ImmutableArray<RemovedUnits> Removed { get; init; } = [];

    /// <summary>What stays of inputs and outputs that became smaller.</summary>
    internal ImmutableDictionary<string, AxisMark> Smaller { get; init; } = ImmutableDictionary<string, AxisMark>.Empty;

    /// <summary>What an adapter feeds the model to turn interventions on, by input; empty for none.</summary>
    public ImmutableSortedDictionary<string, TensorData> Adapter { get; init; } =
        ImmutableSortedDictionary<string, TensorData>.Empty;
}
