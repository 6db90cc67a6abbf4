using OnnxIntervene.Formats;

namespace OnnxIntervene.Interventions;

/// <summary>One component to intervene on, and how (pyvene's <c>RepresentationConfig</c>).</summary>
public sealed record RepresentationConfig
{
    /// <summary>The layer, from 0.</summary>
    public int Layer { get; init; }

    /// <summary>The component, such as <c>block_output</c>, or the name of any tensor of the file.</summary>
    public string Component { get; init; } = "block_output";

    /// <summary>What locations count: <c>pos</c>, <c>h</c> or <c>h.pos</c>.</summary>
    public string Unit { get; init; } = "pos";

    /// <summary>pyvene's bookkeeping; the locations decide.</summary>
    public int MaxNumberOfUnits { get; init; } = 1;

    /// <summary>The kind of intervention.</summary>
    public InterventionType InterventionType { get; init; } = InterventionType.Vanilla;

    /// <summary>A constant in place of a source run: <c>[width]</c>, <c>[units, width]</c> or <c>[batch, units, width]</c>.</summary>
    public NumericArray? SourceRepresentation { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{InterventionType} at {Component} of layer {Layer}";
}
