using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions;

/// <summary>One component to intervene on, and how (pyvene's <c>RepresentationConfig</c>).</summary>
public sealed record RepresentationConfig
{
    private readonly InterventionType? _type;

    /// <summary>The layer, from 0.</summary>
    public int Layer { get; init; }

    /// <summary>
    /// The component, such as <c>block_output</c>; where a file holds several stacks of layers, with the stack before
    /// it (<c>encoder.block_output</c>); or the name of any tensor of the file.
    /// </summary>
    public string Component { get; init; } = "block_output";

    /// <summary>
    /// What locations count: <c>pos</c>, <c>h</c>, <c>h.pos</c> or <c>t</c>; on a tensor and on <c>attention_weight</c>
    /// any other name for the entries of the second axis, or two names joined by a dot for those of the second and
    /// third.
    /// </summary>
    public string Unit { get; init; } = "pos";

    /// <summary>
    /// How many units of an example a rotation rotates together; for other kinds pyvene's bookkeeping only.
    /// </summary>
    public int MaxNumberOfUnits { get; init; } = 1;

    /// <summary>The rank of a low-rank intervention, or a sparse autoencoder's latents.</summary>
    public int? LowRankDimension { get; init; }

    /// <summary>
    /// The kind of intervention; that of <see cref="Intervention"/> where one is given, with which a stated kind must
    /// agree.
    /// </summary>
    public InterventionType InterventionType
    {
        get => Intervention?.Type ?? _type ?? InterventionType.Vanilla;
        init => _type = value;
    }

    /// <summary>The intervention with its parameters; null for a fresh one of the kind.</summary>
    public Intervention? Intervention { get; init; }

    /// <summary>
    /// Parts of the space, which runs choose by number. Two integers are a half-open range, a list of another length
    /// names dimensions (pyvene's reading). Empty for none: runs choose dimensions.
    /// </summary>
    public ImmutableArray<ImmutableArray<int>> SubspacePartition { get; init; } = [];

    /// <summary>
    /// Representations with one key share one source; sources are in the order of the sorted keys. Null: a source of
    /// its own.
    /// </summary>
    public int? GroupKey { get; init; }

    /// <summary>Representations with one key share one intervention and its parameters.</summary>
    public int? InterventionLinkKey { get; init; }

    /// <summary>pyvene's number of an expert; kept for its files.</summary>
    public int? MoeKey { get; init; }

    /// <summary>
    /// A constant in place of a source run: <c>[width]</c>, <c>[units, width]</c> or <c>[batch, units, width]</c>.
    /// </summary>
    public NumericArray? SourceRepresentation { get; init; }

    /// <summary>An autoencoder's latents.</summary>
    public int? LatentDimension { get; init; }

    /// <summary>
    /// The dimensions of the kind's space that are interchanged when a run names no subspace (pyvene's
    /// <c>interchange_dim</c>); null for all.
    /// </summary>
    public ImmutableArray<int>? InterchangeDimensions { get; init; }

    /// <summary>
    /// The same as a number: this many dimensions from the first. Autoencoders take no number (in pyvene it is the
    /// width, which counts no latents).
    /// </summary>
    public int? InterchangeCount { get; init; }

    /// <summary>The kind that was stated; null where none was.</summary>
    internal InterventionType? StatedType => _type;

    /// <inheritdoc/>
    public override string ToString() =>
        $"{InterventionType} at {Component} of layer {ComponentAddress.LayerIn(Component) ?? Layer}";
}
